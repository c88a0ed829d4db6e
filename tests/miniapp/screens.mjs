// Pictures of every screen and state, in three themes on a phone and once on a wide window.
//
//   screens.mjs FOLDER [WORD...] STAGE

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { launch } from "./browser.mjs";
import { states } from "./states.mjs";
import { themes } from "./telegram.mjs";

// Worth showing; these are taken at the density of a phone, the others small.
const SHOWN = new Set(["settings", "key-active", "history"]);
const WIDE = { width: 1280, height: 844 };

const [folder, ...words] = process.argv.slice(2, -1);
mkdirSync(folder, { recursive: true });

const browser = await launch();
let [pictures, bytes] = [0, 0];

async function take(app, name) {
  const path = join(folder, `${name}.png`);
  await app.page.screenshot({ path, caret: "hide", animations: "disabled" });
  pictures += 1;
  bytes += statSync(path).size;
}

const options = { client: {}, reducedMotion: "reduce" };
for (const [name, reach] of Object.entries(states).filter(([name]) => words.length === 0 || words.includes(name))) {
  const app = await reach(browser, { ...options, scale: SHOWN.has(name) ? 2 : 1 });
  for (const [theme, colours] of Object.entries(themes)) {
    await app.say("theme_changed", { theme_params: colours });
    await take(app, `${name}-${theme}`);
  }
  await app.close();
}
if (words.length === 0) {
  const wide = await states.settings(browser, { ...options, size: WIDE });
  await take(wide, "settings-wide");
  await wide.close();
}
await browser.close();
console.log(`${"pictures".padEnd(44)} ok: ${pictures}, ${Math.ceil(bytes / 1024)} KiB`);
process.exit(0);
