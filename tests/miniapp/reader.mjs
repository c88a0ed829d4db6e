// The page as a screen reader has it: the browser's accessibility tree, by roles and names. What is not in
// it cannot be read out or pressed.

import { until } from "./stage.mjs";

const value = (property) => property?.value ?? "";
const property = (node, name) => node.properties?.find((one) => one.name === name)?.value.value;

export class Reader {
  static async of(app) {
    const session = await app.context.newCDPSession(app.page);
    await session.send("Accessibility.enable");
    return Object.assign(new Reader(), { app, session });
  }

  async nodes() {
    const { nodes } = await this.session.send("Accessibility.getFullAXTree");
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const text = (node) =>
      value(node.role) === "StaticText" ? value(node.name) : (node.childIds ?? []).map((id) => (byId.has(id) ? text(byId.get(id)) : "")).join(" ");
    return nodes
      .filter(({ ignored }) => !ignored)
      .map((node) => ({
        role: value(node.role),
        name: value(node.name),
        description: value(node.description),
        value: value(node.value),
        text: text(node),
        isFocused: property(node, "focused") === true,
        isLive: Boolean(property(node, "live")),
        isModal: property(node, "modal") === true,
        element: node.backendDOMNodeId,
      }));
  }

  // What has a role and a name, once it is there.
  find(role, name, fits = () => true) {
    const isNamed = (node) => (name instanceof RegExp ? name.test(node.name) : node.name === name);
    const isMeant = (node) => node.role === role && isNamed(node) && fits(node);
    return until(async () => (await this.nodes()).find(isMeant), `no ${role} called ${name}`);
  }

  // Where the reader is when a screen is new.
  reads = (role, name) => this.find(role, name, ({ isFocused }) => isFocused);

  // What is read out by itself.
  hears = (words) =>
    until(async () => (await this.nodes()).find(({ isLive, text }) => isLive && text.includes(words)), `nobody says “${words}”`);

  async #on(node, deed) {
    const { object } = await this.session.send("DOM.resolveNode", { backendNodeId: node.element });
    await this.session.send("Runtime.callFunctionOn", { objectId: object.objectId, functionDeclaration: deed });
  }

  // The default action of what has a role and a name.
  async press(role, name) {
    await this.#on(await this.find(role, name), "function () { this.click(); }");
  }

  async type(role, name, text) {
    await this.#on(await this.find(role, name), "function () { this.focus(); }");
    await this.session.send("Input.insertText", { text });
  }
}
