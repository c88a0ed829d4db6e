// What happens elsewhere and shows by itself, and what does not show to others.

import assert from "node:assert/strict";

import { newApp } from "../browser.mjs";
import { deposit, fundedKey, newOwner, order, pause, solve, submit, until } from "../stage.mjs";

const cursorsSent = (app) =>
  app.sent.map((text) => JSON.parse(text)).filter(({ type }) => type === "subscribe").map(({ payload }) => payload.variables.after);
const events = (app) => app.heard.map((text) => JSON.parse(text)).flatMap(({ payload }) => payload?.data?.accountEvents ?? []);
const amounts = (app) => events(app).flatMap(({ transaction }) => transaction?.amount ?? []);
// The figure at the top of Settings.
const credits = (app, text) => app.page.locator(".hero .sum").getByText(text, { exact: true }).waitFor();

export const live = {
  async "a credit is seen as it is earned"({ open }) {
    const user = newOwner();
    await submit(user, "ANTI_CAPTCHA", await fundedKey("ANTI_CAPTCHA"), "earning");
    const app = await open({ user });
    await credits(app, "$0.00");
    const cost = (await solve(user)).cost.replace(/0+$/, "");
    await credits(app, `$${cost}`);
    await app.sees(`$${cost} earned by your keys so far`);
    await app.button("History").click();
    await app.sees("reCAPTCHA v2");
    await app.sees(`+$${cost}`);
    await app.pressBack();
    await app.openKey("earning");
    await app.page.locator(".row.entry").getByText("reCAPTCHA v2").waitFor();
    return `$${cost}`;
  },

  async "a killed server is missed, and nothing is lost"({ open }) {
    const user = newOwner();
    await deposit(user, "1");
    const app = await open({ user });
    app.expect(/WebSocket connection to/, /ERR_CONNECTION_REFUSED/);
    await credits(app, "$1.00");
    await until(() => cursorsSent(app).length === 1, "no stream");
    await deposit(user, "0.5");
    await credits(app, "$1.50");
    const last = events(app).at(-1).cursor;
    const downAt = Date.now();
    await order("kill");
    const pill = app.page.getByText("Reconnecting…");
    await pill.waitFor();
    const told = Date.now() - downAt;
    assert(told > 2_500, `a word after ${told} ms is too soon`);
    // The same database at another address, where the page does not look.
    const address = await order("elsewhere");
    for (const amount of ["0.25", "0.125"]) await deposit(user, amount, { address });
    await order("start");
    await pill.waitFor({ state: "detached" });
    await credits(app, "$1.875");
    await deposit(user, "0.0625");
    await credits(app, "$1.9375");
    assert.equal(cursorsSent(app).at(-1), last, "the stream goes on after the last event");
    assert.deepEqual(amounts(app), ["0.5", "0.25", "0.125", "0.0625"], "each event comes once, in order");
    assert(!events(app).some(({ __typename }) => __typename === "AccountSnapshot"), "nothing is read anew");
    assert.equal(app.asked.filter(({ operation }) => operation === "Settings").length, 1);
    await app.button("History").click();
    await app.sees("That is all.");
    assert.equal(await app.page.locator(".row.entry").count(), 5);
    return `told after ${(told / 1000).toFixed(1)} s, 2 events of the outage once each`;
  },

  async "a short gap is not worth a word"({ open }) {
    const user = newOwner();
    const app = await open({ user });
    app.expect(/WebSocket connection to/, /ERR_CONNECTION_REFUSED/);
    await credits(app, "$0.00");
    await until(() => cursorsSent(app).length === 1, "no stream");
    await app.page.evaluate(() => {
      window.sceneSaw = [];
      new MutationObserver(() => window.sceneSaw.push(document.querySelector(".connection").textContent)).observe(
        document.querySelector(".connection"),
        { childList: true, subtree: true, characterData: true },
      );
    });
    await order("kill");
    await order("start");
    await until(() => cursorsSent(app).length === 2, "the stream does not come back");
    await deposit(user, "2");
    await credits(app, "$2.00");
    assert.deepEqual(await app.page.evaluate(() => window.sceneSaw), []);
  },

  async "an owner's events reach no other owner"({ open }) {
    const [one, other] = [await open(), await open()];
    for (const app of [one, other]) {
      await credits(app, "$0.00");
      await until(() => cursorsSent(app).length === 1, "no stream");
    }
    const key = await submit(one.user, "ANTI_CAPTCHA", await fundedKey("ANTI_CAPTCHA"), "private label");
    await deposit(one.user, "11.11", { note: "private note" });
    await credits(one, "$11.11");
    await solve(one.user);
    await deposit(other.user, "22.22");
    await credits(other, "$22.22");
    // What comes after the other's own event would have come before it.
    await pause(1_500);
    assert.deepEqual(amounts(other), ["22.22"]);
    const heard = [...other.heard, ...other.answers].join("\n");
    for (const word of ["11.11", "private", key.id, key.fingerprint]) assert(!heard.includes(word), `${word} is in the other's messages`);
    assert(!one.heard.join("\n").includes("22.22"));
    assert(one.heard.join("\n").includes("private label"), "the owner's own socket has it");
  },
};
