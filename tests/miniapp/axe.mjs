// Looks for barriers in every screen and state, in three themes, by axe-core. Exits with 1 when there is a
// serious or critical one.
//
//   axe.mjs [WORD...] STAGE

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { launch } from "./browser.mjs";
import { states } from "./states.mjs";
import { themes } from "./telegram.mjs";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const BARRED = new Set(["serious", "critical"]);

const words = process.argv.slice(2, -1);

// The page's policy does not speak about what comes by the debugger's protocol.
async function findings(app) {
  const { violations, passes } = await app.page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return { rules: passes.length + violations.length, violations };
}

const browser = await launch();
let looks = 0;
let barriers = 0;
const minor = new Set();
for (const [name, reach] of Object.entries(states).filter(([name]) => words.length === 0 || words.includes(name))) {
  const app = await reach(browser, { client: {}, reducedMotion: "reduce" });
  await app.page.evaluate(source);
  for (const [theme, colours] of Object.entries(themes)) {
    await app.say("theme_changed", { theme_params: colours });
    const { rules, violations } = await findings(app);
    if (rules === 0) throw new Error(`nothing was looked at in ${name}`);
    looks += 1;
    for (const { id, impact, help, nodes } of violations) {
      if (!BARRED.has(impact)) {
        minor.add(id);
        continue;
      }
      barriers += 1;
      console.log(`${name}, ${theme}: ${impact} ${id}: ${help}`);
      for (const { html, failureSummary } of nodes.slice(0, 3)) console.log(`  ${html}\n  ${failureSummary.split("\n").slice(1).join(" ").trim()}`);
    }
  }
  await app.close();
}
await browser.close();
const lesser = minor.size > 0 ? `; lesser findings: ${[...minor].join(", ")}` : "";
console.log(`${"barriers".padEnd(44)} ${barriers === 0 ? "ok" : "FAILED"}: ${barriers} in ${looks} looks at ${looks / 3} screens in 3 themes${lesser}`);
process.exit(barriers > 0 || looks === 0 ? 1 : 0);
