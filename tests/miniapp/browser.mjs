// The Mini App as one user has it open in Telegram: a page in Chromium, and everything that came out of it.
//
// Each page is watched from its first byte to its last: a violation of its content security policy, an
// error, a word on the console that was not expected, or a planted key where none may be ends its scene.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

import { keyIn } from "./leaks.mjs";
import { initData, newOwner, operationNames, stage, until } from "./stage.mjs";
import { fragment, offerProxy } from "./telegram.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
export const PHONE = { width: 390, height: 844 };

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

// Runs in each frame before its own script.
function watchPolicy() {
  document.addEventListener("securitypolicyviolation", (violation) => {
    window.toScene("policy", `${violation.effectiveDirective} ${violation.blockedURI} ${violation.sample}`);
  });
}

// Runs in the page: everything of it that outlives a moment, as one text. A field that is on the screen
// may hold what its user typed; its markup may not.
function remains() {
  const stored = (storage) => JSON.stringify({ ...storage });
  const fields = [...document.querySelectorAll("input:not([type=password]), textarea")].map(({ value }) => value);
  const asked = performance.getEntries().map(({ name }) => name);
  const { title, cookie, referrer } = document;
  const page = [document.documentElement.outerHTML, ...fields, title, cookie, referrer, window.name, location.href];
  const kept = [stored(localStorage), stored(sessionStorage), JSON.stringify(history.state), ...asked];
  return Promise.all([indexedDB.databases(), caches.keys()]).then((names) => [...page, ...kept, JSON.stringify(names)].join("\n"));
}

export class App {
  // What the page told Telegram, as [type, data]; the words on its console; what is wrong with it.
  told = [];
  said = [];
  wrong = [];
  // Requests to the API as { operation, variables, status, body }, messages of the socket as they are.
  asked = [];
  heard = [];
  sent = [];
  // Every request as one text.
  requests = [];
  answers = [];
  keys = new Map();
  expected = [];
  // The origin of the page around it, if it is in a frame.
  around = null;
  sockets = 0;

  constructor(context, page, user) {
    Object.assign(this, { context, page, user });
  }

  goto = (login, client) => this.page.goto(`${stage.origin}/${fragment(initData(this.user, login), client)}`);

  // --- Telegram's side.

  // What the client says to the page.
  say(type, data = {}) {
    return this.page.evaluate(([type, data]) => window.Telegram.WebView.receiveEvent(type, data), [type, data]);
  }

  // The last that the client was told of a kind, once there is one that fits.
  async hear(type, fits = () => true) {
    const find = () => this.told.findLast(([told, data]) => told === type && fits(data));
    return (await until(find, `Telegram was not told ${type}`))[1];
  }

  // Answers the next native popup by one of its buttons.
  async answerPopup(id) {
    const popup = await this.hear("web_app_open_popup");
    this.told = this.told.filter(([type]) => type !== "web_app_open_popup");
    await this.say("popup_closed", { button_id: id });
    return popup;
  }

  pressMain = () => this.say("main_button_pressed");
  // Until the client is told of it the button is still the form's, and nobody is as quick as this.
  async pressDone() {
    await this.hear("web_app_setup_main_button", ({ text }) => text === "Done");
    await this.pressMain();
  }
  pressBack = () => this.say("back_button_pressed");

  // --- The user's side.

  screen = (name) => this.page.waitForSelector(`main[data-screen=${name}] :is(h1, .notice)`, { state: "attached" });
  button = (name) => this.page.getByRole("button", { name });
  badge = (status) => this.page.locator("main > div:not(.asleep), main").locator(`.row.${status} .badge`);
  sees = (text, options) => this.page.getByText(text, options).filter({ visible: true }).first().waitFor();

  async openKey(name) {
    await this.page.locator("button.row").filter({ hasText: name }).first().click();
    await this.screen("key");
  }

  // Fills the form of a new key, up to its button.
  async fillKey(provider, key, label) {
    await this.page.locator(`input[value=${provider}]`).check({ force: true });
    await this.page.locator("#key").fill(key);
    if (label) await this.page.locator("#label").fill(label);
  }

  // Hands a key over on the form, and waits for the words of the result.
  async add(provider, key, label, result) {
    this.plant(key);
    await this.button("Add key").first().click();
    await this.screen("add");
    await this.fillKey(provider, key, label);
    await this.hear("web_app_setup_main_button", ({ is_active: isActive }) => isActive);
    await this.pressMain();
    if (result) await this.sees(result);
  }

  // --- What may not be.

  // A key that is handed over so many times, and may be nowhere else.
  plant = (key, times = 1) => this.keys.set(key, times);

  // Words on the console that belong to the scene, such as those for an answer of 401.
  expect = (...patterns) => this.expected.push(...patterns);

  async lookForKeys() {
    const left = await this.page.evaluate(remains);
    for (const key of this.keys.keys()) assert(!keyIn(left, key), "a key is in the page or its storage");
  }

  async verify() {
    await this.lookForKeys();
    assert.deepEqual(this.wrong, []);
    // What is verbose is the browser's own talk.
    const unexpected = this.said.filter(({ type, text }) => type !== "verbose" && !this.expected.some((one) => one.test(text)));
    assert.deepEqual(unexpected, [], "words on the console");
    for (const [key, times] of this.keys) {
      const having = (texts) => texts.filter((text) => keyIn(text, key)).length;
      assert.equal(having(this.said.map(({ text }) => text)), 0, "a key on the console");
      assert.equal(having([...this.sent, ...this.heard, ...this.answers]), 0, "a key on the socket, or in an answer");
      assert.equal(having(this.told.map((told) => JSON.stringify(told))), 0, "a key told to Telegram");
      const submitted = this.asked.filter(({ operation, text }) => operation === "SubmitKey" && keyIn(text, key));
      assert.equal(submitted.length, times, "submissions of the key");
      assert.equal(having(this.requests), times, "requests that hold the key");
    }
  }

  close = () => this.context.close();
}

function watch(app) {
  const { page } = app;
  page.on("pageerror", (error) => app.wrong.push(String(error)));
  page.on("console", (message) => app.said.push({ type: message.type(), text: `${message.text()} ${message.location().url}` }));
  page.on("request", (request) => {
    const text = [request.url(), request.postData() ?? "", JSON.stringify(request.headers())].join("\n");
    app.requests.push(text);
    const { origin, pathname } = new URL(request.url());
    if (![stage.origin, app.around].includes(origin)) app.wrong.push(`a request to ${origin}`);
    if (pathname !== "/graphql") return;
    const { documentId, variables } = request.postDataJSON();
    app.asked.push({ request, text, operation: operationNames.get(documentId) ?? documentId, variables });
  });
  page.on("response", async (response) => {
    const asked = app.asked.find(({ request }) => request === response.request());
    if (!asked) return;
    asked.status = response.status();
    // A page that closes takes its last answers with it.
    const text = await response.text().catch(() => null);
    if (text === null) return;
    app.answers.push(text);
    asked.body = JSON.parse(text);
  });
  page.on("websocket", (socket) => {
    app.sockets += 1;
    socket.on("framesent", ({ payload }) => app.sent.push(payload));
    socket.on("framereceived", ({ payload }) => app.heard.push(payload));
  });
}

// A page of a browser, watched, with nothing in it yet.
export async function newApp(browser, { user = newOwner(), size = PHONE, scale = 1, reducedMotion, hasProxy = true, bindings } = {}) {
  const context = await browser.newContext({ viewport: size, deviceScaleFactor: scale, locale: "en-GB", timezoneId: "UTC", reducedMotion });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const app = new App(context, page, user);
  await context.exposeBinding("toTelegram", (source, type, data) => void app.told.push([type, data]));
  await context.exposeBinding("toScene", (source, kind, text) => void app.wrong.push(`${kind}: ${text}`));
  await context.addInitScript(watchPolicy);
  if (hasProxy) await context.addInitScript(offerProxy);
  watch(app);
  return app;
}

// Opens the Mini App as Telegram does. `login` changes how the user is signed in, `client` what the client is.
export async function openApp(browser, { login, client, ...options } = {}) {
  const app = await newApp(browser, options);
  await app.goto(login, client);
  return app;
}
