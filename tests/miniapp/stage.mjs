// The stage: the server, the sandbox, owners as Telegram signs them in, and those who call the API beside them.

import { createHash, createHmac, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// The root of the project.
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

// The description is the last word of the command, as stage.py gives it.
export const stage = JSON.parse(readFileSync(process.argv.at(-1), "utf8"));

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Waits until something is so, for a quarter of a minute at most.
export async function until(isSo, otherwise) {
  for (let look = 0; look < 300; look += 1) {
    const found = await isSo();
    if (found) return found;
    await pause(50);
  }
  throw new Error(otherwise);
}

// A socket and no file: a file's reading would keep this process from its end.
const answers = createInterface({ input: new Socket({ fd: stage.answers }).unref() })[Symbol.asyncIterator]();

// Has stage.py do something to the server.
export async function order(name, details = {}) {
  writeSync(stage.orders, `${JSON.stringify({ order: name, ...details })}\n`);
  const { value } = await answers.next();
  return JSON.parse(value).answer;
}

// --- Owners.

const DAY = 86_400;
let owners = 5_000_000_100;

// Somebody whom nobody has seen before.
export const newOwner = (language = "en") => ({ id: (owners += 1), first_name: "Ada", language_code: language });

// Init data as Telegram signs them for a bot.
export function initData(user, { age = 0, botToken = stage.botToken } = {}) {
  const pairs = {
    auth_date: String(Math.floor(Date.now() / 1000) - age),
    query_id: "AAF",
    signature: randomBytes(64).toString("base64url"),
    user: JSON.stringify(user),
  };
  const text = Object.entries(pairs).map(([name, value]) => `${name}=${value}`).join("\n");
  const secret = createHmac("sha256", "WebAppData").update(botToken).digest();
  const hash = createHmac("sha256", secret).update(text).digest("hex");
  return new URLSearchParams({ ...pairs, hash }).toString();
}

// How old a login is that ends in so many seconds.
export const endingIn = (seconds) => DAY - seconds;

const operations = join(root, "miniapp", "operations");
// The Mini App's operations by their ids.
export const operationNames = new Map(
  readdirSync(operations).map((file) => {
    const hash = createHash("sha256").update(readFileSync(join(operations, file))).digest("hex");
    return [`sha256:${hash}`, file.replace(".graphql", "")];
  }),
);
const ids = new Map([...operationNames].map(([id, name]) => [name, id]));

async function post(authorization, body, address = stage.graphql) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json", authorization };
  const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${errors[0].extensions?.code}: ${errors[0].message}`);
  const [payload] = Object.values(data);
  if (payload?.userErrors?.length > 0) throw new Error(payload.userErrors[0].code);
  return payload;
}

// An operation of the Mini App from another device of its owner.
export const elsewhere = (user, operation, variables) =>
  post(`tma ${initData(user)}`, { documentId: ids.get(operation), variables });

// --- Keys at the providers.

const SLUGS = {
  TWO_CAPTCHA: "two_captcha",
  CAPSOLVER: "capsolver",
  ANTI_CAPTCHA: "anti_captcha",
  CAPMONSTER_CLOUD: "capmonster_cloud",
  MULTIBOT: "multibot",
  UCAPTCHA_NATIVE: "ucaptcha_native",
};

async function admin(method, path, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${stage.sandbox}/admin/${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the sandbox refuses ${method} ${path}`);
}

// A key of the right form that no provider knows.
export function wrongKey(provider) {
  const random = randomBytes(16).toString("hex");
  return provider === "CAPSOLVER" ? `CAP-${random.toUpperCase()}` : random;
}

// A key with money; further settings are the sandbox's, such as its latency.
export async function fundedKey(provider, balance = "5", settings = {}) {
  const key = wrongKey(provider);
  await admin("PUT", `${SLUGS[provider]}/keys/${key}`, { balance, ...settings });
  return key;
}

export const spendOutside = (provider, key, amount) => admin("POST", `${SLUGS[provider]}/keys/${key}/spend`, { amount });
export const topUp = (provider, key, amount) => admin("POST", `${SLUGS[provider]}/keys/${key}/top-up`, { amount });
export const adjust = (provider, key, settings) => admin("PUT", `${SLUGS[provider]}/keys/${key}`, settings);

// Hands a key over from another device, and answers its row.
export async function submit(user, provider, key, label = null) {
  return (await elsewhere(user, "SubmitKey", { input: { provider, key, label } })).key;
}

// --- Billing and dispatching.

let names = 0;
// A name for a task or a movement that no other has.
const newName = () => `${process.pid}-${(names += 1)}`;

const movement = (field, type) => `mutation($input: ${type}!) { ${field}(input: $input) {
  transaction { id amount balanceAfter } userErrors { code } } }`;
const DEPOSIT = movement("depositCredits", "DepositCreditsInput");
const SPEND = movement("spendCredits", "SpendCreditsInput");

async function move(document, user, amount, note, address) {
  const input = { account: { telegramUserId: String(user.id) }, amount, idempotencyKey: newName(), note };
  return (await post(stage.service, { query: document, variables: { input } }, address)).transaction;
}

export const deposit = (user, amount, { note, address } = {}) => move(DEPOSIT, user, amount, note, address);
export const spend = (user, amount, { note, address } = {}) => move(SPEND, user, amount, note, address);
// Takes back the newest credit of an owner.
export async function reverseNewest(user, note) {
  const { nodes } = (await elsewhere(user, "History", { kinds: ["RECYCLE_CREDIT"], first: 1, after: null })).transactions;
  const input = { transactionId: nodes[0].id, idempotencyKey: newName(), note };
  return asService(movement("reverseCredit", "ReverseCreditInput"), { input });
}

// Anything else that a service with every scope may ask.
export const asService = (query, variables = {}) => post(stage.service, { query, variables });

const OPEN_LEASE = `mutation($input: OpenLeaseInput!) { openLease(input: $input) {
  lease { token endpoint } userErrors { code } } }`;
const TASK = { type: "RecaptchaV2TaskProxyless", websiteURL: "https://example.com/", websiteKey: "SITE_KEY" };

// Solves a task as a dispatcher does, with a key of this owner where there is one; `meanwhile` happens while
// the provider works on it.
export async function solve(user, { provider = "ANTI_CAPTCHA", meanwhile = () => {} } = {}) {
  const route = { taskType: "RECAPTCHA_V2", onlyProviders: [provider], account: { telegramUserId: String(user.id) } };
  const { lease } = await post(stage.dispatcher, { query: OPEN_LEASE, variables: { input: { taskId: newName(), route } } });
  const ask = async (method, body) => {
    const response = await fetch(`${lease.endpoint}/${method}`, {
      method: "POST",
      body: JSON.stringify({ clientKey: lease.token, ...body }),
    });
    const answer = await response.json();
    if (answer.errorId) throw new Error(`the gateway: ${answer.errorCode}`);
    return answer;
  };
  const type = provider === "CAPSOLVER" ? "ReCaptchaV2TaskProxyLess" : TASK.type;
  const { taskId } = await ask("createTask", { task: { ...TASK, type } });
  await meanwhile();
  return until(async () => {
    const answer = await ask("getTaskResult", { taskId });
    return answer.status === "ready" && answer;
  }, "the task was not solved");
}
