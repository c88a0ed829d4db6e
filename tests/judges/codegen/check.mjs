// GraphQL Code Generator: what it makes of the committed schema compiles, and types a client's code.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { judge } from "../stage.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "..", "node_modules");
const made = join(packages, ".generated");

async function run(program, ...words) {
  const command = promisify(execFile)(join(packages, ".bin", program), words, { cwd: here });
  await command.catch(({ stdout, stderr }) => Promise.reject(new Error(`${program}: ${stdout}${stderr}`)));
}

await judge("codegen", async () => {
  rmSync(made, { recursive: true, force: true });
  await run("graphql-codegen", "--config", "config.mjs");
  const text = readFileSync(join(made, "schema.ts"), "utf8");
  assert.equal(text.match(/: any\b/g), null, "every scalar has a type");
  await run("tsc", "--project", ".");
  return "types of the schema and of four operations compile";
});
