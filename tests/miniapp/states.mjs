// Every screen and state, each as a name and the way there. The checks of contrast and the pictures share them.
//
// What is on the screens is the real server's; `hold` and `refuse` do to requests what a bad network does.

import { openApp, newApp } from "./browser.mjs";
import { deposit, elsewhere, endingIn, fundedKey, newOwner, order, reverseNewest, solve, spend, spendOutside, submit, wrongKey } from "./stage.mjs";

const API = "**/graphql";
const OLD_CLIENT = { version: "6.1" };

async function drained(user, provider, balance, label) {
  const key = await fundedKey(provider, balance);
  const { id } = await submit(user, provider, key, label);
  await spendOutside(provider, key, balance);
  await elsewhere(user, "CheckKeyBalance", { input: { keyId: id } });
}

// An owner with a key in every state and a history, made once.
let rich;
export function richOwner() {
  rich ??= (async () => {
    const user = newOwner();
    await submit(user, "ANTI_CAPTCHA", await fundedKey("ANTI_CAPTCHA", "12.5"), "Old shop project");
    await submit(user, "CAPSOLVER", await fundedKey("CAPSOLVER", "38.204917"));
    await submit(user, "CAPMONSTER_CLOUD", await fundedKey("CAPMONSTER_CLOUD", "4.75"), "Spare");
    await drained(user, "UCAPTCHA_NATIVE", "2", "Holiday scraper");
    await submit(user, "ANTI_CAPTCHA", wrongKey("ANTI_CAPTCHA"), "Mistyped");
    const { id } = await submit(user, "TWO_CAPTCHA", await fundedKey("TWO_CAPTCHA", "1.1"), "Given back");
    await elsewhere(user, "RemoveKey", { input: { keyId: id } });
    await deposit(user, "25", { note: "Card" });
    for (let task = 0; task < 3; task += 1) await solve(user);
    await spend(user, "1.2345", { note: "reCAPTCHA v3" });
    return user;
  })();
  return rich;
}

// The owner with a key that its provider takes half a minute to judge.
async function waitingOwner() {
  const user = await richOwner();
  waitingOwner.key ??= await fundedKey("TWO_CAPTCHA", "9", { latency_ms: [60_000, 60_000] }).then(async (key) => {
    await submit(user, "TWO_CAPTCHA", key, "Just added");
    return key;
  });
  return user;
}

const openRich = async (browser, options) => openApp(browser, { ...options, user: await richOwner() });

async function settings(browser, options) {
  const app = await openApp(browser, { ...options, user: await waitingOwner() });
  await app.badge("PENDING").waitFor();
  return app;
}

const withForm = async (app) => {
  await app.button("Add key").first().click();
  await app.screen("add");
  await app.page.locator("input[value=MULTIBOT]").waitFor({ state: "attached" });
  return app;
};

const added = (provider, makeKey, label, result) => async (browser, options) => {
  const app = await openApp(browser, options);
  await app.add(provider, await makeKey(), label, result);
  return app;
};

const keyCalled = (name) => async (browser, options) => {
  const app = await openRich(browser, options);
  await app.openKey(name);
  await app.page.locator(".bone").first().waitFor({ state: "detached" });
  return app;
};

async function withRequests(browser, options, handle, pattern = API) {
  const app = await newApp(browser, options);
  app.expect(/ERR_FAILED/);
  await app.context.route(pattern, handle);
  await app.goto(undefined, options.client);
  return app;
}

const hold = () => {};
const refuse = (route) => route.abort();

async function history(browser, options) {
  const app = await openRich(browser, options);
  await app.button("History").click();
  await app.sees("That is all.");
  return app;
}

// An owner with a credit by the list price, which money that left the key elsewhere hides, and one taken back.
let corrected;
function correctedOwner() {
  corrected ??= (async () => {
    const user = newOwner();
    await submit(user, "ANTI_CAPTCHA", await fundedKey("ANTI_CAPTCHA", "3"), "Old shop project");
    await solve(user);
    await solve(user);
    await reverseNewest(user, "Refunded by the provider");
    const key = await fundedKey("CAPSOLVER", "8");
    await submit(user, "CAPSOLVER", key, "Shared with a friend");
    await solve(user, { provider: "CAPSOLVER", meanwhile: () => spendOutside("CAPSOLVER", key, "1.5") });
    return user;
  })();
  return corrected;
}

export const states = {
  async outside(browser, options) {
    const app = await newApp(browser, { ...options, hasProxy: false });
    await app.goto({ botToken: "none" }, options.client);
    // Outside there is no login; the theme alone is kept for the picture.
    await app.page.evaluate(() => sessionStorage.clear());
    await app.page.reload();
    await app.sees("Open in Telegram");
    return app;
  },
  loading: (browser, options) => withRequests(browser, options, hold),
  async "cannot-load"(browser, options) {
    const app = await withRequests(browser, options, refuse);
    await app.sees("That did not work");
    return app;
  },
  async "login-expired"(browser, options) {
    const app = await openApp(browser, { ...options, login: { age: endingIn(-3600) } });
    await app.sees("Your login has expired");
    return app;
  },
  async "login-refused"(browser, options) {
    const app = await openApp(browser, { ...options, login: { botToken: "1234567890:another-bot" } });
    await app.sees("Telegram’s login was not accepted");
    return app;
  },
  async "settings-empty"(browser, options) {
    const app = await openApp(browser, options);
    await app.sees("Put leftover balance to work");
    return app;
  },
  settings,
  async "settings-below"(browser, options) {
    const app = await settings(browser, options);
    await app.page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    return app;
  },
  async offline(browser, options) {
    const app = await settings(browser, options);
    app.expect(/WebSocket/, /ERR_INTERNET_DISCONNECTED/);
    await app.context.setOffline(true);
    await app.sees("No connection");
    return app;
  },
  async "account-frozen"(browser, options) {
    const user = newOwner();
    await submit(user, "CAPSOLVER", await fundedKey("CAPSOLVER", "6.75"), "Old shop project");
    await order("freeze", { owner: user.id });
    const app = await openApp(browser, { ...options, user });
    await app.sees("Your account is on hold");
    return app;
  },
  async reconnecting(browser, options) {
    const app = await newApp(browser, { ...options, user: await richOwner() });
    await app.context.routeWebSocket("**/graphql", (socket) => socket.close({ code: 1012 }));
    await app.goto(undefined, options.client);
    await app.badge("ACTIVE").first().waitFor();
    await app.sees("Reconnecting…");
    return app;
  },
  async add(browser, options) {
    const app = await withForm(await openApp(browser, options));
    await app.fillKey("CAPSOLVER", "CAP-0123456789", "Old shop project");
    await app.page.locator("h1").last().focus();
    return app;
  },
  async "add-not-a-key"(browser, options) {
    const app = await withForm(await openApp(browser, options));
    await app.fillKey("CAPSOLVER", "surely-not-a-key");
    await app.pressMain();
    await app.sees("This does not look like a key");
    return app;
  },
  async "add-own-button"(browser, options) {
    const app = await withForm(await openApp(browser, { ...options, hasProxy: false }));
    await app.fillKey("CAPSOLVER", "CAP-0123456789");
    return app;
  },
  async "add-asking"(browser, options) {
    const app = await withForm(await openApp(browser, options));
    await app.context.route(API, hold);
    await app.fillKey("TWO_CAPTCHA", wrongKey("TWO_CAPTCHA"));
    await app.pressMain();
    await app.sees("Asking 2Captcha about the key…");
    return app;
  },
  "add-still-checking": added("TWO_CAPTCHA", () => fundedKey("TWO_CAPTCHA", "9", { latency_ms: [60_000, 60_000] }), "Slow", "Still checking"),
  "add-good": added("CAPSOLVER", () => fundedKey("CAPSOLVER", "3.5"), "Old shop project", "Key added"),
  "add-used-up": added("CAPMONSTER_CLOUD", () => fundedKey("CAPMONSTER_CLOUD", "0"), null, "balance used up"),
  "add-rejected": added("CAPSOLVER", () => wrongKey("CAPSOLVER"), "Mistyped", "The provider rejected the key"),
  "key-active": keyCalled("Old shop project"),
  "key-used-up": keyCalled("Holiday scraper"),
  "key-rejected": keyCalled("Mistyped"),
  "key-removed": keyCalled("Given back"),
  async "key-rename"(browser, options) {
    const app = await keyCalled("Old shop project")(browser, options);
    await app.button("Rename").click();
    await app.page.getByRole("dialog").waitFor();
    return app;
  },
  async "key-remove"(browser, options) {
    const app = await keyCalled("Old shop project")(browser, { ...options, client: { ...options.client, ...OLD_CLIENT } });
    await app.button("Remove key").click();
    await app.page.getByRole("dialog").waitFor();
    return app;
  },
  async "key-word"(browser, options) {
    const app = await keyCalled("Spare")(browser, options);
    await app.button("Rename").click();
    await app.page.getByRole("dialog").getByLabel("Label").press("Enter");
    await app.page.locator(".words .word").waitFor();
    return app;
  },
  history,
  async "history-corrected"(browser, options) {
    const app = await openApp(browser, { ...options, user: await correctedOwner() });
    await app.button("History").click();
    await app.sees("Taken back");
    await app.sees("provisional, list price");
    return app;
  },
  async "history-none-of-a-kind"(browser, options) {
    const app = await history(browser, options);
    await app.button("Corrections").click();
    await app.sees("Nothing of this kind.");
    return app;
  },
  async "history-empty"(browser, options) {
    const app = await openApp(browser, options);
    await app.button("History").click();
    await app.sees("Nothing here yet");
    return app;
  },
  async "settings-russian"(browser, options) {
    const user = await waitingOwner();
    const app = await openApp(browser, { ...options, user: { ...user, language_code: "ru" } });
    await app.badge("PENDING").waitFor();
    return app;
  },
};
