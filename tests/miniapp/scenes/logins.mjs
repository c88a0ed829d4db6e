// Who gets in, and where the page may stand.

import assert from "node:assert/strict";

import { newApp } from "../browser.mjs";
import { endingIn, initData, newOwner, stage, submit, fundedKey, until } from "../stage.mjs";
import { fragment } from "../telegram.mjs";

const UNAUTHORIZED = /status of 401/;

// The page says what it makes of a refused login, and asks nothing more.
async function refused(open, login, code, title) {
  const app = await open({ login });
  app.expect(UNAUTHORIZED);
  await app.sees(title);
  const [asked] = app.asked;
  await until(() => asked.body, "no answer");
  assert.equal(asked.status, 401);
  assert.equal(asked.body.errors[0].extensions.code, code);
  assert.equal(app.asked.length, 1, "nothing is asked again");
  assert.equal(app.sockets, 0, "no socket is opened");
  await app.hear("web_app_setup_main_button", ({ text }) => text === "Close");
  await app.pressMain();
  await app.hear("web_app_close");
  return code;
}

// A page of another origin with the Mini App in a frame.
async function framedBy(browser, keep, origin, user = newOwner()) {
  const app = await newApp(browser, { user, hasProxy: false });
  keep(app);
  const source = `${stage.origin}/${fragment(initData(user), { platform: "weba" })}`;
  const body = `<!doctype html><title>client</title><script>
    addEventListener("message", ({ data, origin }) => {
      const { eventType, eventData } = JSON.parse(data);
      toTelegram(eventType, { ...eventData, origin });
    });
    window.tell = (eventType, eventData) =>
      document.querySelector("iframe").contentWindow.postMessage(JSON.stringify({ eventType, eventData }), "*");
  </script><iframe width="390" height="800" src="${source.replaceAll("&", "&amp;")}"></iframe>`;
  await app.context.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body }));
  app.around = origin;
  // Chromium asks its user before a page of the internet may show one of this machine.
  await app.context.grantPermissions(["local-network-access"], { origin });
  await app.page.goto(`${origin}/`);
  return app;
}

export const logins = {
  async "a signed login opens the account"({ open }) {
    const app = await open();
    await app.screen("settings");
    await app.sees("Put leftover balance to work");
    assert.equal(await app.page.evaluate(() => location.hash + location.search), "", "the address is cleaned");
    assert.equal(app.asked[0].status, 200);
    for (const type of ["iframe_ready", "web_app_ready", "web_app_expand", "web_app_set_background_color"]) await app.hear(type);
    await app.page.reload();
    await app.sees("Put leftover balance to work");
  },

  async "an expired login says so"({ open }) {
    return refused(open, { age: endingIn(-3600) }, "LOGIN_EXPIRED", "Your login has expired");
  },

  async "a forged login is refused"({ open }) {
    const login = { botToken: "1234567890:another-bot-made-up-here" };
    return refused(open, login, "UNAUTHENTICATED", "Telegram’s login was not accepted");
  },

  async "a login that ends while the page is open"({ open }) {
    const app = await open({ login: { age: endingIn(4) } });
    await app.screen("settings");
    await app.sees("Your login has expired");
    await app.hear("web_app_setup_main_button", ({ text }) => text === "Close");
  },

  async "outside Telegram it sends its visitor there"({ browser, keep }) {
    const app = await newApp(browser, { hasProxy: false });
    keep(app);
    await app.page.goto(stage.origin);
    await app.sees("Open in Telegram");
    assert.equal(app.asked.length, 0);
  },

  async "Telegram's web client may frame it"({ browser, keep }) {
    const user = newOwner();
    await submit(user, "ANTI_CAPTCHA", await fundedKey("ANTI_CAPTCHA"), "framed");
    const app = await framedBy(browser, keep, "https://web.telegram.org", user);
    const frame = app.page.frameLocator("iframe");
    await frame.getByText("framed").first().waitFor();
    const { origin } = await app.hear("web_app_ready");
    assert.equal(origin, stage.origin);
    await frame.getByRole("button", { name: "History" }).click();
    await frame.getByRole("heading", { name: "History" }).waitFor();
    await app.page.evaluate(() => window.tell("back_button_pressed", {}));
    await frame.locator("main[data-screen=settings]").waitFor();
  },

  async "nobody else may frame it"({ browser, keep }) {
    const app = await framedBy(browser, keep, "https://telegram.example.org");
    app.expect(/frame-ancestors/);
    await until(() => app.said.some(({ text }) => /frame-ancestors/.test(text)), "the frame was not refused");
    const [, frame] = app.page.frames();
    await until(() => frame.url() === "chrome-error://chromewebdata/", "the frame shows something");
    assert.equal(await frame.locator("#app").count(), 0);
    assert.deepEqual(app.told, []);
  },
};
