// A key's life as its owner sees it.

import assert from "node:assert/strict";

import { Reader } from "../reader.mjs";
import { elsewhere, fundedKey, newOwner, order, spendOutside, submit, topUp, until, wrongKey } from "../stage.mjs";

const SLOW = { latency_ms: [2_500, 2_500] };

const asked = (app, operation) => app.asked.filter((one) => one.operation === operation);

// What the live region says at the bottom of the page.
const word = (app, text) => app.page.locator(".words[role=status]").getByText(text).waitFor();

async function withKey(open, { options, ...key } = {}) {
  const { provider = "ANTI_CAPTCHA", balance, label = "old project" } = key;
  const user = newOwner();
  const secret = await fundedKey(provider, balance);
  const { id } = await submit(user, provider, secret, label);
  const app = await open({ user, ...options });
  app.plant(secret, 0);
  await app.badge("ACTIVE").waitFor();
  return { app, user, secret, id };
}

export const keys = {
  async "a key is added: PENDING, then ACTIVE by itself"({ open }) {
    const app = await open();
    const key = await fundedKey("TWO_CAPTCHA", "7.125", SLOW);
    await app.add("TWO_CAPTCHA", key, "my old key");
    await app.sees("Asking 2Captcha about the key…");
    assert.equal(await app.page.locator("#key").inputValue(), "", "the field is emptied at once");
    await app.lookForKeys();
    await app.sees("Still checking");
    await app.lookForKeys();
    await app.pressDone();
    await app.screen("settings");
    assert.equal(await app.badge("PENDING").textContent(), "Checking");
    await app.badge("ACTIVE").waitFor();
    await app.sees("$7.125");
    assert.equal(asked(app, "SubmitKey").length, 1);
    assert.equal(asked(app, "Settings").length, 1, "the change came by the stream");
  },

  async "a key that is checked at once"({ open }) {
    const app = await open();
    await app.add("CAPSOLVER", await fundedKey("CAPSOLVER", "3"), null, "Key added");
    await app.hear("web_app_trigger_haptic_feedback", ({ notification_type: type }) => type === "success");
    await app.pressDone();
    await app.screen("settings");
    await app.badge("ACTIVE").waitFor();
  },

  async "a wrong key is INVALID, with the provider's reason"({ open }) {
    const app = await open();
    await app.add("ANTI_CAPTCHA", wrongKey("ANTI_CAPTCHA"), "mistyped", "The provider rejected the key");
    await app.sees("(ERROR_KEY_DOES_NOT_EXIST)");
    await app.pressDone();
    await app.screen("settings");
    assert.equal(await app.badge("INVALID").textContent(), "Rejected");
    await app.sees("The provider rejects this key");
  },

  async "what is no key is not sent"({ open }) {
    const app = await open();
    await app.button("Add key").click();
    await app.fillKey("CAPSOLVER", "surely-not-a-key-of-capsolver");
    app.plant("surely-not-a-key-of-capsolver", 0);
    await app.pressMain();
    await app.page.getByRole("alert").getByText("This does not look like a key of CapSolver.").waitFor();
    assert.equal(await app.page.evaluate(() => document.activeElement.id), "key", "the field has the focus");
    assert.equal(asked(app, "SubmitKey").length, 0);
  },

  async "a frozen account adds no key, and says why"({ open }) {
    const { app, user } = await withKey(open);
    await order("freeze", { owner: user.id });
    await app.button("Add key").click();
    const key = await fundedKey("ANTI_CAPTCHA");
    app.plant(key);
    await app.fillKey("ANTI_CAPTCHA", key);
    await app.pressMain();
    await app.page.getByRole("alert").getByText("Your account is on hold, so no key can be added.").waitFor();
    await app.pressBack();
    await app.screen("settings");
    await app.page.reload();
    await app.sees("Your account is on hold: new keys and spending are stopped.");
  },

  async "depletion and its end are seen live"({ open }) {
    const { app, user, secret, id } = await withKey(open, { balance: "2" });
    await spendOutside("ANTI_CAPTCHA", secret, "2");
    await elsewhere(user, "CheckKeyBalance", { input: { keyId: id } });
    await app.badge("DEPLETED").waitFor();
    assert.equal(await app.badge("DEPLETED").textContent(), "Used up");
    await app.sees("$2.00 spent outside");
    await topUp("ANTI_CAPTCHA", secret, "4.5");
    await until(
      async () => (await elsewhere(user, "CheckKeyBalance", { input: { keyId: id } })).checked,
      "the cool-down does not end",
    );
    await app.badge("ACTIVE").waitFor();
    await app.sees("$4.50");
    assert.equal(asked(app, "Settings").length, 1, "all of it came by the stream");
  },

  async "Check reads the balance, then rests"({ open }) {
    const { app, secret } = await withKey(open);
    await topUp("ANTI_CAPTCHA", secret, "1.25");
    await app.openKey("old project");
    await app.button("Check balance").click();
    await word(app, "Balance: $6.25");
    const resting = app.button(/Check again in \d+ s/);
    await resting.waitFor();
    assert.equal(await resting.getAttribute("aria-disabled"), "true");
    // Playwright itself would wait until it is not disabled any more.
    await resting.click({ force: true });
    await app.button("Check balance").waitFor();
    assert.equal(asked(app, "CheckKeyBalance").length, 1, "a resting button asks nothing");
    await app.button("Check balance").click();
    await until(() => asked(app, "CheckKeyBalance").length === 2, "it did not ask again");
  },

  async "Remove asks by Telegram's popup"({ open }) {
    const { app } = await withKey(open);
    await app.openKey("old project");
    await app.button("Remove key").click();
    const popup = await app.answerPopup("cancel");
    assert.equal(popup.title, "Remove this key?");
    assert.deepEqual(popup.buttons.map(({ type }) => type), ["destructive", "cancel"]);
    await app.button("Remove key").click();
    assert.equal(asked(app, "RemoveKey").length, 0, "a no is a no");
    await app.answerPopup("ok");
    await word(app, "Key removed");
    assert.equal(asked(app, "RemoveKey").length, 1);
    await app.button("Add this key again").waitFor();
    await app.pressBack();
    await app.screen("settings");
    assert.equal(await app.badge("REMOVED").textContent(), "Removed");
  },

  async "an older client gets a dialog to Remove"({ open }) {
    const { app } = await withKey(open, { options: { client: { version: "6.1" } } });
    await app.openKey("old project");
    await app.button("Remove key").click();
    const dialog = app.page.getByRole("dialog", { name: "Remove this key?" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    await app.button("Remove key").click();
    assert.equal(asked(app, "RemoveKey").length, 0, "a no is a no");
    await dialog.getByRole("button", { name: "Remove", exact: true }).click();
    await word(app, "Key removed");
    assert(!app.told.some(([type]) => type === "web_app_open_popup"));
  },

  async "a removed key is added again, with its history"({ open }) {
    const { app, user, secret, id } = await withKey(open);
    await elsewhere(user, "RemoveKey", { input: { keyId: id } });
    await app.badge("REMOVED").waitFor();
    await app.openKey("old project");
    await app.button("Add this key again").click();
    await app.screen("add");
    assert(await app.page.locator("input[value=ANTI_CAPTCHA]").isChecked(), "its provider is chosen");
    assert.equal(await app.page.locator("#label").inputValue(), "old project");
    app.plant(secret);
    await app.page.locator("#key").fill(secret);
    await app.pressMain();
    await app.sees("Key added");
    await app.pressDone();
    await app.screen("key");
    await app.pressBack();
    await app.screen("settings");
    await app.badge("ACTIVE").waitFor();
    assert.equal(await app.page.locator("button.row").count(), 1, "it is the same key");
  },

  async "a key gets another label"({ open }) {
    const { app } = await withKey(open);
    const other = await open({ user: app.user });
    await app.openKey("old project");
    await app.button("Rename").click();
    await app.page.getByRole("dialog").getByLabel("Label").fill("spring cleaning");
    await app.page.keyboard.press("Enter");
    await word(app, "Label saved");
    await app.page.getByRole("heading", { name: "spring cleaning" }).waitFor();
    await other.sees("spring cleaning");
  },

  async "by keyboard alone a key is added and removed"({ open }) {
    // A client without popups, so that everything is in the page.
    const app = await open({ client: { version: "6.1" } });
    const key = await fundedKey("ANTI_CAPTCHA");
    app.plant(key);
    const focus = () =>
      app.page.evaluate(() => {
        const { activeElement: at } = document;
        return at.getAttribute("aria-label") ?? (at.id || at.value || at.textContent.trim());
      });
    // A new screen takes the focus when it is drawn.
    const focusOn = (what) => until(async () => (await focus()) === what, `${what} does not take the focus`);
    const press = (name) => app.page.keyboard.press(name);
    const tabTo = async (fits) => {
      for (let step = 0; step < 30; step += 1) {
        if (fits.test(await focus())) return;
        await press("Tab");
      }
      throw new Error(`no way to ${fits} by Tab; the focus is on ${await focus()}`);
    };
    await app.sees("Put leftover balance to work");
    await tabTo(/^Add key$/);
    await press("Enter");
    await app.screen("add");
    await focusOn("Add key");
    await app.page.locator("input[value=ANTI_CAPTCHA]").waitFor({ state: "attached" });
    await tabTo(/^TWO_CAPTCHA$/);
    await press("ArrowRight");
    await press("ArrowRight");
    await focusOn("ANTI_CAPTCHA");
    await tabTo(/^key$/);
    await app.page.keyboard.type(key);
    await press("Enter");
    await app.page.getByRole("status").getByText("Key added").waitFor();
    await focusOn("Key added");
    await tabTo(/^Done$/);
    await press("Enter");
    await app.screen("settings");
    await tabTo(/Anti-Captcha/);
    await press("Enter");
    await app.screen("key");
    await focusOn("Anti-Captcha");
    await tabTo(/^Remove key$/);
    await press("Enter");
    const dialog = app.page.getByRole("dialog");
    await dialog.waitFor();
    await tabTo(/^Remove$/);
    await press("Enter");
    await word(app, "Key removed");
    await until(async () => (await app.page.evaluate(() => document.activeElement.tagName)) !== "BODY", "the focus is nowhere");
  },

  async "by a screen reader a key is added and removed"({ open }) {
    // A client without popups, so that everything is in the page.
    const app = await open({ client: { version: "6.1" } });
    const reader = await Reader.of(app);
    const key = await fundedKey("ANTI_CAPTCHA", "4.25");
    app.plant(key);
    await reader.press("button", "Add key");
    await reader.reads("heading", "Add key");
    await reader.find("group", "Provider");
    await reader.press("radio", "Anti-Captcha");
    const field = await reader.find("textbox", "API key", ({ description }) => description.includes("Format: "));
    assert.match(field.description, /stored encrypted/);
    await reader.type("textbox", "API key", key.slice(0, -1));
    await reader.press("button", "Add key");
    await reader.hears("This does not look like a key of Anti-Captcha.");
    await reader.type("textbox", "API key", key.at(-1));
    assert(!(await reader.nodes()).some(({ name, value }) => name.includes(key) || value.includes(key)), "the key is read out");
    await reader.press("button", "Add key");
    await reader.hears("Key added");
    await reader.reads("heading", "Key added");
    await reader.press("button", "Done");
    await reader.find("button", /Anti-Captcha.*Active|Active.*Anti-Captcha/);
    const row = await reader.find("button", /Anti-Captcha/);
    for (const words of ["$4.25", "Active", "checked"]) assert(row.name.includes(words), `${words} in ${row.name}`);
    await reader.press("button", /Anti-Captcha/);
    await reader.reads("heading", "Anti-Captcha");
    await reader.press("button", "Remove key");
    await reader.find("dialog", "Remove this key?", ({ isModal }) => isModal);
    await reader.press("button", "Remove");
    await reader.hears("Key removed");
    await reader.reads("heading", "Anti-Captcha");
    return row.name;
  },
};
