// Who asks: each knows ids and cursors of its own, and has a budget left.

import { randomBytes } from "node:crypto";

import { sign } from "@tma.js/init-data-node";

import { data, stage } from "../stage.mjs";

const ALL = ["viewer", "node", "nodes", "providers", "rateLimit"];
const LEASES = ["openLease", "releaseLease", "reportSolution"];
// A new owner comes when less of the budget is left: more than nearly every request costs.
const POINTS_MIN = 1_000;
const FIRST_OWNER = 6_000_000_000;

// The ids and cursors in an answer.
function known(answer, found = { ids: [], cursors: [] }) {
  for (const [name, value] of Object.entries(answer ?? {})) {
    if (typeof value === "object") known(value, found);
    else if (/^(id|keyId)$/.test(name)) found.ids.push(value);
    else if (/cursor$/i.test(name) && value !== null) found.cursors.push(value);
  }
  return found;
}

const PAGE = "nodes { id } pageInfo { endCursor }";
const SUBMIT = `mutation($key: ProviderKey!) {
  submitKey(input: { provider: CAPSOLVER, key: $key }) { key { id } userErrors { code } } }`;
const LEASE = `mutation($task: ID!) {
  openLease(input: { taskId: $task, route: { taskType: TURNSTILE } }) { lease { attempt { id } } userErrors { code } } }`;

// A key that the sandbox takes for good.
async function fundedKey() {
  const key = `CAP-${randomBytes(16).toString("hex").toUpperCase()}`;
  const headers = { "content-type": "application/json" };
  const order = { method: "PUT", headers, body: JSON.stringify({ balance: "5" }) };
  const reply = await fetch(`${stage.sandbox}/admin/capsolver/keys/${key}`, order);
  if (!reply.ok) throw new Error("the sandbox refuses a key");
  return key;
}

class Caller {
  constructor(name, authorization, uses, look) {
    Object.assign(this, { name, authorization, look, uses: [...ALL, ...uses] });
  }

  async learn() {
    this.known = known(await data(this.authorization, this.look));
  }

  async heed() {}
}

// Owners come and go: the budget of one is spent soon.
class Owners extends Caller {
  count = 0;
  remaining = 0;

  async heed({ body }) {
    this.remaining = body?.extensions?.cost?.remaining ?? this.remaining;
    if (this.remaining < POINTS_MIN || body?.errors?.[0].extensions.code === "RATE_LIMITED") await this.learn();
  }

  async learn() {
    this.count += 1;
    const user = { id: FIRST_OWNER + this.count, first_name: "Owner" };
    this.authorization = `tma ${sign({ user }, stage.botToken, new Date())}`;
    await data(this.authorization, SUBMIT, { key: await fundedKey() });
    this.remaining = 30_000;
    await super.learn();
  }
}

export const CALLERS = {
  owner: () =>
    new Owners("owner", "", ["submitKey", "checkKeyBalance", "renameKey", "removeKey"],
      `{ viewer { id eventCursor keys(first: 5) { ${PAGE} } transactions(first: 5) { ${PAGE} } } }`),
  dispatcher: () =>
    new Caller("dispatcher", stage.dispatcher, ["bestKey", "pool", "attempts", ...LEASES],
      `{ attempts(first: 20) { nodes { id keyId } pageInfo { endCursor } } }`),
  operator: () =>
    new Caller("operator", stage.operator,
      ["bestKey", "pool", "attempts", "account", "keys", "auditLog", ...LEASES, "depositCredits", "spendCredits", "reverseCredit", "resolveAttempt"],
      `{ keys(first: 10) { nodes { id account { id transactions(first: 3) { ${PAGE} } } } pageInfo { endCursor } } attempts(first: 5) { ${PAGE} } auditLog(first: 5) { ${PAGE} } }`),
};

// Leases to ask about, before anybody has opened any.
export async function openLeases(seed) {
  for (let task = 0; task < 5; task += 1) await data(stage.dispatcher, LEASE, { task: `fuzz-${seed}-${task}` });
}
