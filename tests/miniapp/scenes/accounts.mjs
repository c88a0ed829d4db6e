// Credits history, and the reader's language.

import assert from "node:assert/strict";

import { deposit, newOwner, spend, until } from "../stage.mjs";
import { themes } from "../telegram.mjs";

const PAGE = 30;
const pages = (app) => app.asked.filter(({ operation }) => operation === "History");
const rows = (app) => app.page.locator(".row.entry");

async function readToTheEnd(app) {
  await until(async () => {
    await app.page.mouse.wheel(0, 2_000);
    return app.page.getByText("That is all.").isVisible();
  }, "the history has no end");
}

// The rows far from the screen are not drawn, so they are read in passing: each once and in order at every look, and
// all of them in the end. Each amount here is another.
async function readInPassing(app, expected) {
  await app.page.evaluate(() => window.scrollTo(0, 0));
  const seen = new Set();
  await until(async () => {
    const drawn = await rows(app).locator(".amount").allTextContents();
    assert.deepEqual(drawn, expected.filter((amount) => drawn.includes(amount)));
    drawn.forEach((amount) => seen.add(amount));
    await app.page.evaluate(() => window.scrollBy(0, 400));
    return seen.size === expected.length;
  }, "rows are missing");
}

export const accounts = {
  async "history comes page by page, each movement once"({ open }) {
    const user = newOwner();
    const expected = [];
    for (let at = 0; at < 2 * PAGE + 7; at += 1) {
      const amount = `1.${String(at).padStart(3, "0")}1`;
      const move = at % 7 === 6 ? spend : deposit;
      await move(user, amount, { note: `movement ${at}` });
      expected.unshift(`${move === spend ? "−" : "+"}$${amount}`);
    }
    const app = await open({ user });
    await app.button("History").click();
    await rows(app).first().waitFor();
    assert.equal(pages(app).length, 1, "the first page alone");
    await readToTheEnd(app);
    await readInPassing(app, expected);
    const [first, second, third] = pages(app);
    assert.equal(pages(app).length, 3);
    assert.equal(first.variables.after, null);
    for (const [page, before] of [[second, first], [third, second]]) {
      assert.equal(page.variables.after, before.body.data.viewer.transactions.pageInfo.endCursor);
    }
    return `${expected.length} movements in 3 pages`;
  },

  async "history by kind"({ open }) {
    const user = newOwner();
    for (const amount of ["3", "4"]) await deposit(user, amount);
    await spend(user, "1.5", { note: "a task" });
    const app = await open({ user });
    await app.button("History").click();
    const shows = async (filter, amounts) => {
      await app.button(filter).click();
      await until(async () => JSON.stringify(await rows(app).locator(".amount").allTextContents()) === JSON.stringify(amounts), `${filter} does not show ${amounts}`);
      assert.equal(await app.button(filter).getAttribute("aria-pressed"), "true");
    };
    await shows("All", ["−$1.50", "+$4.00", "+$3.00"]);
    await shows("Bought", ["+$4.00", "+$3.00"]);
    await shows("Spent", ["−$1.50"]);
    // A movement of another kind does not come into the list that is shown.
    await deposit(user, "9");
    await spend(user, "2");
    await shows("Spent", ["−$2.00", "−$1.50"]);
    await app.button("Recycled").click();
    await app.sees("Nothing of this kind.");
  },

  async "Russian for who reads Russian"({ open }) {
    const user = newOwner("ru");
    await deposit(user, "1234.5");
    const app = await open({ user });
    await app.button("Добавить").waitFor();
    assert.equal(await app.page.evaluate(() => document.documentElement.lang), "ru");
    assert.match(await app.page.locator(".hero .sum").textContent(), /^1\s234,50\s\$$/);
    await app.button("История").click();
    await app.page.getByRole("heading", { name: "История" }).waitFor();
    const english = (await app.page.locator("main").innerText()).match(/[A-Za-z]{3,}/g);
    assert.deepEqual(english, null, "no English word is left");
  },

  async "another theme while it is open"({ open }) {
    const app = await open();
    await app.screen("settings");
    const page = () => app.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await page();
    await app.say("theme_changed", { theme_params: themes.dark });
    await until(async () => (await page()) !== before, "it is not repainted");
    await app.hear("web_app_set_background_color", ({ color }) => color === themes.dark.secondary_bg_color);
    assert.equal(await app.page.evaluate(() => document.querySelectorAll("[style]:not(html)").length), 0);
  },
};
