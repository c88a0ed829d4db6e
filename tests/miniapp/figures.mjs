// Measures the page on a processor slowed four times, and prints a table. Nothing is judged.
//
//   figures.mjs STAGE
//
// An owner's budget lets nobody read thousands of rows in a minute, so the pages that scrolling asks for are
// read by a service in the owner's place: the same rows of the same server.

import { readdirSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

import { launch, newApp } from "./browser.mjs";
import { asService, deposit, fundedKey, newOwner, operationNames, order, root, submit, until } from "./stage.mjs";

const SLOWER = 4;
const STARTS = 5;
const KEYS = 1_000;
const MOVEMENTS = 10_000;
const AT_ONCE = 25;
const RESTARTS_MAX = 50;
const SCROLLS_MAX = 20_000;

// Does something so many times, a few at once.
async function many(count, deed) {
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < count; at = next++) await deed(at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

// Keys of an owner. A server that was started anew has forgotten what its owner's budget had spent.
async function handOver(user, count) {
  let done = 0;
  for (let restarts = 0; done < count; restarts += 1) {
    try {
      for (; done < count; done += 1) await submit(user, "ANTI_CAPTCHA", await fundedKey("ANTI_CAPTCHA"), `key ${done}`);
    } catch (failure) {
      if (!failure.message.startsWith("RATE_LIMITED") || restarts === RESTARTS_MAX) throw failure;
      await order("kill");
      await order("start");
    }
  }
}

async function slowed(browser, user) {
  const app = await newApp(browser, { user });
  const session = await app.context.newCDPSession(app.page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await app.context.addInitScript(() => {
    const seen = new MutationObserver(() => {
      if (!document.querySelector("button.row")) return;
      seen.disconnect();
      requestAnimationFrame(() => (window.keysAt = performance.now()));
    });
    seen.observe(document, { childList: true, subtree: true });
  });
  return app;
}

async function timeToKeys(browser, user) {
  const times = [];
  for (let start = 0; start < STARTS; start += 1) {
    const app = await slowed(browser, user);
    await app.goto();
    times.push(await (await app.page.waitForFunction(() => window.keysAt)).jsonValue());
    await app.close();
  }
  return times.sort((one, other) => one - other)[Math.floor(STARTS / 2)];
}

// An operation of the Mini App as a service asks it about an account.
function inPlaceOf(name) {
  const text = readFileSync(join(root, "miniapp", "operations", `${name}.graphql`), "utf8");
  return text.replace("(", "($ref: AccountRefInput!, ").replace("viewer {", "account(ref: $ref) {");
}

// Answers how many rows of each list the page has been given by now.
async function relay(app) {
  const given = { Settings: 0, History: 0 };
  const ref = { telegramUserId: String(app.user.id) };
  await app.context.route("**/graphql", async (route) => {
    const { documentId, variables } = route.request().postDataJSON();
    const name = operationNames.get(documentId);
    if (!(name in given)) return route.continue();
    const viewer = await asService(inPlaceOf(name), { ...variables, ref });
    given[name] += (viewer.keys ?? viewer.transactions).nodes.length;
    return route.fulfill({ contentType: "application/graphql-response+json", body: JSON.stringify({ data: { viewer } }) });
  });
  return given;
}

// The longest task while a list is scrolled until its end is reached and drawn.
async function longestTask(app, hasAll) {
  await app.page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: "longtask" });
  });
  const atEnd = () => app.page.evaluate(() => scrollY + innerHeight >= document.documentElement.scrollHeight - 2);
  for (let scroll = 0; !(hasAll() && (await atEnd())); scroll += 1) {
    if (scroll === SCROLLS_MAX) throw new Error("the list has no end");
    await app.page.mouse.wheel(0, 1_500);
  }
  const longest = await app.page.evaluate(() => window.longest);
  return longest === 0 ? "under 50 ms" : `${Math.round(longest)} ms`;
}

function gzipBytes(pattern) {
  const folder = join(root, "miniapp", "dist", "assets");
  const files = readdirSync(folder).filter((name) => name.endsWith(".gz") && pattern.test(name));
  return files.reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
}

const rich = newOwner();
await handOver(rich, KEYS);
await many(MOVEMENTS, (at) => deposit(rich, "0.01", { note: `movement ${at}` }));
const usual = newOwner();
await handOver(usual, AT_ONCE);

const browser = await launch();
const first = await timeToKeys(browser, usual);
const app = await slowed(browser, rich);
const given = await relay(app);
await app.goto();
await app.page.locator("button.row").first().waitFor();
const keys = await longestTask(app, () => given.Settings >= KEYS);
await app.page.evaluate(() => scrollTo(0, 0));
await app.button("History").click();
await until(() => app.page.locator(".row.entry").count(), "no history");
const history = await longestTask(app, () => given.History >= MOVEMENTS);
await browser.close();

const [{ model }] = cpus();
console.log(`${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Chromium ${browser.version()}, debug build of the server

| figure, processor slowed ${SLOWER} times | |
|---|--:|
| keys on the first screen, median of ${STARTS} | ${Math.round(first)} ms |
| script and styles in one language, gzip | ${gzipBytes(/^(?!ru-)/)} bytes |
| longest task while scrolling ${given.Settings} keys | ${keys} |
| longest task while scrolling ${given.History} movements | ${history} |`);
process.exit(0);
