// The examples of examples/, run as their readers run them: what they print, and that what they spent was credited.
//
// The live example connects by way of a proxy, which is shut while dispatch.py runs: what it shows of
// that, it has by its cursor. curl and jq are looked over the shoulder for secrets in their arguments.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";

import { deposit, judge, root, stage, until } from "./stage.mjs";

const MAX_EVENTS = 12;
const PATIENCE_MS = 120_000;
const COST = /^attempt +SETTLED, (?<cost>\S+) by [A-Z_]+ at (?<provider>.+)$/m;
const STEPS = ["bestKey", "openLease", "createTask", "getTaskResult", "reportSolution", "attempt"];
const SHELL = ["bash", join(root, "examples/dispatch.sh")];
const PYTHON = [process.env.EXAMPLES_PYTHON, join(root, "examples/dispatch.py")];
const LIVE = [process.execPath, join(root, "examples/live.mjs")];

const nanos = (text) => {
  const { sign, whole, places = "" } = /^(?<sign>-?)(?<whole>\d+)(\.(?<places>\d{1,9}))?$/.exec(text).groups;
  return BigInt(sign + whole + places.padEnd(9, "0"));
};

// Programs in the places of curl and jq that note their arguments.
function watched() {
  const [folder, notes] = [join(stage.work, "watched"), join(stage.work, "arguments")];
  mkdirSync(folder);
  writeFileSync(notes, "");
  for (const program of ["curl", "jq"]) {
    const script = `#!/bin/bash\nprintf '%s\\n' ${program} "$@" >>'${notes}'\nPATH=\${PATH#*:} exec ${program} "$@"\n`;
    writeFileSync(join(folder, program), script, { mode: 0o755 });
  }
  return { path: folder + delimiter + process.env.PATH, notes };
}

const { path, notes } = watched();
const printed = [];

// Starts an example; `done` answers its exit code. No example may run for ever.
function start([program, ...words], settings) {
  const env = { PATH: path, HOME: process.env.HOME, no_proxy: "*", API: stage.graphql, ...settings };
  const child = spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
  const run = { out: "", err: "", child, lines: () => run.out.split("\n").filter(Boolean) };
  child.stdout.setEncoding("utf8").on("data", (text) => (run.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (run.err += text));
  run.done = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  printed.push(run);
  return run;
}

// A dispatch example has to go through every step, once and in order.
async function dispatched(command) {
  const run = start(command, { AUTHORIZATION: stage.dispatcher });
  assert.equal(await run.done, 0, run.out + run.err);
  assert.deepEqual(run.lines().map((line) => line.split(" ")[0]), STEPS, run.out);
  const told = COST.exec(run.out)?.groups;
  assert(told && nanos(told.cost) > 0n, `no cost: ${run.out}`);
  return told;
}

// Lets connections through to the server, until it is shut.
async function proxy() {
  const { hostname, port } = new URL(stage.graphql);
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [each, other] of [[near, far], [far, near]]) {
      open.add(each);
      each.on("error", () => {}).on("close", () => (open.delete(each), other.destroy()));
      each.pipe(other);
    }
  });
  const listen = (at) => new Promise((resolve) => server.listen(at, "127.0.0.1", resolve));
  await listen(0);
  const at = server.address().port;
  const shut = () => {
    server.close();
    for (const each of open) each.destroy();
  };
  return { api: `http://127.0.0.1:${at}/graphql`, shut, reopen: () => listen(at) };
}

// What the providers' books charged for tasks, all together. Multibot counts tokens.
async function charged() {
  const books = await (await fetch(`${stage.sandbox}/admin/books`)).json();
  const inDollars = ([slug, { charged }]) => nanos(String(charged)) / BigInt(slug === "multibot" ? stage.tokensPerUsd : 1);
  return Object.entries(books).map(inDollars).reduce((sum, each) => sum + each, 0n);
}

const isCredit = ({ cost, provider }) => (line) =>
  line.includes(` RECYCLE_CREDIT ${cost} for `) && line.includes(` at ${provider}, balance `);

// Each transaction goes on from the balance before it: none is missing and none is there twice.
function assertUnbroken(lines) {
  const balance = (line) => nanos(/ balance ([\d.]+)/.exec(line)[1]);
  assert.match(lines[0], / AccountSnapshot +balance /);
  let known = balance(lines[0]);
  for (const line of lines.slice(1)) {
    assert.match(line, / (KeyChanged|TransactionPosted) /, "no second snapshot");
    const amount = / TransactionPosted +[A-Z_]+ (-?[\d.]+)/.exec(line)?.[1];
    if (!amount) continue;
    known += nanos(amount);
    assert.equal(balance(line), known, line);
  }
}

async function spentAndSeen() {
  const [before, way] = [await charged(), await proxy()];
  const live = start(LIVE, { API: way.api, AUTHORIZATION: stage.owner, MAX_EVENTS: String(MAX_EVENTS) });
  const shown = (isIt, what) => until(() => live.lines().some(isIt), `${what} is not shown live: ${live.out}${live.err}`);
  try {
    await shown((line) => line.includes(" AccountSnapshot "), "the snapshot");
    const first = await dispatched(SHELL);
    await shown(isCredit(first), "the first credit");
    way.shut();
    await until(() => live.err.includes("not connected: 1006"), "the lost connection is not noticed");
    const seen = live.lines().length;
    const second = await dispatched(PYTHON);
    assert.equal(live.lines().length, seen, "nothing is shown without a connection");
    await way.reopen();
    await shown(isCredit(second), "the credit that was missed");
    for (let more = 0; more < MAX_EVENTS && live.child.exitCode === null; more += 1) {
      await deposit("0.5", `examples ${more}`);
    }
    assert.equal(await live.done, 0, live.err);
    assert.equal(live.lines().length, MAX_EVENTS);
    assertUnbroken(live.lines());
    assert.equal(await charged(), before + nanos(first.cost) + nanos(second.cost), "the providers charged something else");
    return [first, second];
  } finally {
    live.child.kill();
    way.shut();
  }
}

async function endsByItself() {
  const live = start(LIVE, { AUTHORIZATION: stage.owner, MAX_SECONDS: "2" });
  assert.equal(await live.done, 0, live.err);
  assert.equal(live.lines().length, 1, live.out);
}

async function assertRefused() {
  for (const command of [SHELL, PYTHON, LIVE]) {
    const refusals = [[{}, /AUTHORIZATION:? is not set/], [{ AUTHORIZATION: "Bearer made-up" }, /UNAUTHENTICATED/]];
    for (const [settings, words] of refusals) {
      const run = start(command, settings);
      assert.equal(await run.done, 1, `${command.at(-1)}: ${run.out}${run.err}`);
      assert.match(run.err, words);
      assert.equal(run.out, "");
    }
  }
}

function assertNoSecret() {
  const [, dispatcher] = stage.dispatcher.split(" ");
  const secrets = ["lease_", dispatcher, new URLSearchParams(stage.owner).get("hash")];
  const texts = [readFileSync(notes, "utf8"), ...printed.map(({ out, err }) => out + err)];
  assert.match(texts[0], /^curl$/m, "nobody watched curl");
  assert.match(texts[0], /^jq$/m, "nobody watched jq");
  for (const text of texts) assert(!secrets.some((secret) => text.includes(secret)), "a secret is printed, or an argument");
}

await judge("examples", async () => {
  const [first, second] = await spentAndSeen();
  await endsByItself();
  await assertRefused();
  assertNoSecret();
  const told = ({ cost, provider }) => `${cost} at ${provider}`;
  return `${told(first)} by curl, ${told(second)} by a vendor's client, as charged; both credited live, one across a lost connection`;
});
