// The stage a judge stands on: where the server is, who its callers are, and how a verdict is told.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

// The root of the project.
export const root = join(here, "..", "..");

// The description is the last word of the command, as stage.py gives it.
export const stage = JSON.parse(readFileSync(process.argv.at(-1), "utf8"));

export const schemaText = () => readFileSync(join(root, "schema.graphql"), "utf8");

// Sends an operation, and answers status, headers and body.
export async function ask(authorization, query, variables = {}) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json", authorization };
  const response = await fetch(stage.graphql, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

// The data of an operation that has to succeed.
export async function data(authorization, query, variables = {}) {
  const { body } = await ask(authorization, query, variables);
  if (body.errors) throw new Error(`${body.errors[0].extensions?.code}: ${body.errors[0].message}`);
  return body.data;
}

const DEPOSIT = `mutation($user: ID!, $amount: Usd!, $name: String!) {
  depositCredits(input: { account: { telegramUserId: $user }, amount: $amount, idempotencyKey: $name }) {
    transaction { id } userErrors { code } } }`;

// What another caller does, so that the owner's streams have something to tell.
export async function deposit(amount, name) {
  const variables = { user: String(stage.telegramUserId), amount, name };
  const { depositCredits } = await data(stage.operator, DEPOSIT, variables);
  if (depositCredits.userErrors.length > 0) throw new Error(depositCredits.userErrors[0].code);
}

// Has the server ended and started again; resolves when it is there.
export async function restart() {
  const times = () => (existsSync(stage.restarts) ? readFileSync(stage.restarts, "utf8").length : 0);
  const before = times();
  process.kill(stage.supervisor, "SIGUSR1");
  await until(() => times() > before, "the server did not come back");
}

// Waits until something is so, for half a minute at most.
export async function until(isSo, otherwise) {
  for (let look = 0; look < 600; look += 1) {
    const found = await isSo();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(otherwise);
}

// Runs a judge: prints what it found in one line, and ends with 1 when it is against the server.
export async function judge(name, verdict) {
  try {
    console.log(`${name.padEnd(22)} ok: ${await verdict()}`);
    process.exit(0);
  } catch (failure) {
    console.log(`${name.padEnd(22)} FAILED: ${failure.message}`);
    if (process.env.JUDGES_TRACE) console.error(failure);
    process.exit(1);
  }
}
