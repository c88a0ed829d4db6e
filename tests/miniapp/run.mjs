// Plays the scenes one after the other, and prints a line for each. Exits with 1 when one failed.
//
//   run.mjs [WORD...] STAGE
//
// With words, only the scenes with one of them in their name.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { launch, openApp } from "./browser.mjs";
import { accounts } from "./scenes/accounts.mjs";
import { keys } from "./scenes/keys.mjs";
import { live } from "./scenes/live.mjs";
import { logins } from "./scenes/logins.mjs";

const WIDTH = 44;
const PATIENCE_MS = 90_000;
const SCENES = { ...logins, ...keys, ...live, ...accounts };

const words = process.argv.slice(2, -1);
const isWanted = (name) => words.length === 0 || words.some((word) => name.includes(word));

function late(milliseconds) {
  let timer;
  const end = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it takes too long")), milliseconds);
  });
  return { end, stop: () => clearTimeout(timer) };
}

// What a failed scene looked like.
async function keepPictures(name, apps) {
  for (const [at, { page }] of apps.entries()) {
    const file = join(process.env.SCENES_KEEP, `${name.replaceAll(/\W+/g, "-")}-${at}`);
    await page.screenshot({ path: `${file}.png` }).catch(() => {});
    writeFileSync(`${file}.html`, await page.content().catch(() => ""));
  }
}

// Plays a scene; each page that it opens is looked through at its end, and closed.
async function play(browser, name, scene) {
  const apps = [];
  const open = async (options) => {
    const app = await openApp(browser, options);
    apps.push(app);
    return app;
  };
  const patience = late(PATIENCE_MS);
  try {
    const seen = await Promise.race([scene({ browser, open, keep: (app) => apps.push(app) }), patience.end]);
    for (const app of apps) await app.verify();
    return seen;
  } catch (failure) {
    if (process.env.SCENES_KEEP) await keepPictures(name, apps);
    throw failure;
  } finally {
    patience.stop();
    for (const app of apps) await app.close();
  }
}

const browser = await launch();
let played = 0;
let failed = 0;
for (const [name, scene] of Object.entries(SCENES).filter(([name]) => isWanted(name))) {
  played += 1;
  const began = performance.now();
  try {
    const seen = await play(browser, name, scene);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${name.padEnd(WIDTH)} ok, ${seconds} s${seen ? `: ${seen}` : ""}`);
  } catch (failure) {
    failed += 1;
    console.log(`${name.padEnd(WIDTH)} FAILED: ${failure.message}`);
    if (process.env.SCENES_KEEP) console.error(failure.stack);
  }
}
await browser.close();
if (played === 0) console.log("no such scene");
console.log(`${played - failed} of ${played} scenes hold in Chromium ${browser.version()}`);
process.exit(failed > 0 || played === 0 ? 1 : 0);
