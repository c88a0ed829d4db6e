// What each client is asked to do, in words that all of them understand.

import assert from "node:assert/strict";

import { deposit } from "../stage.mjs";

export const VIEWER = "query Viewer { viewer { telegramUserId balance eventCursor } }";
export const SUBMIT = `mutation Submit($input: SubmitKeyInput!) {
  submitKey(input: $input) { key { id } userErrors { code field message } } }`;
// Of another role than the owner's.
export const FORBIDDEN = "query Forbidden { keys { totalCount } }";
// Not in the schema: the document is refused before anything runs.
export const INVALID = "query Invalid { viewer { password } }";
export const EVENTS = `subscription Events($after: String) {
  accountEvents(after: $after) {
    __typename cursor
    ... on AccountSnapshot { missedEvents account { balance } }
    ... on TransactionPosted { transaction { kind amount balanceAfter } } } }`;

export const MALFORMED_KEY = { input: { provider: "CAPSOLVER", key: "made up, and no key" } };

export function assertViewer(viewer, telegramUserId) {
  assert.equal(viewer.telegramUserId, String(telegramUserId));
  assert.match(viewer.balance, /^\d+(\.\d+)?$/);
}

export function assertUserError(payload) {
  assert.equal(payload.key, null);
  assert.deepEqual(payload.userErrors.map(({ code, field }) => [code, field]), [["KEY_FORMAT", ["key"]]]);
}

// Lets a stream tell what another caller does. `next` answers the stream's next event.
export async function assertLive(next, name) {
  const snapshot = await next();
  assert.equal(snapshot.__typename, "AccountSnapshot");
  assert.equal(snapshot.missedEvents, false);
  await deposit("1.25", name);
  const event = await next();
  assert.equal(event.__typename, "TransactionPosted");
  assert.deepEqual([event.transaction.kind, event.transaction.amount], ["DEPOSIT", "1.25"]);
  assert.notEqual(event.cursor, snapshot.cursor);
  return event;
}

// Events that are pushed become events that are asked for.
export function inbox() {
  const [waiting, arrived] = [[], []];
  let failure;
  const settle = () => {
    while (waiting.length > 0 && arrived.length > 0) waiting.shift().resolve(arrived.shift());
    if (failure) for (const each of waiting.splice(0)) each.reject(failure);
  };
  return {
    push: (event) => (arrived.push(event), settle()),
    fail: (error) => ((failure = error instanceof Error ? error : new Error(JSON.stringify(error))), settle()),
    next: () =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error("no event came")), 15_000);
        const done = (end) => (value) => (clearTimeout(late), end(value));
        waiting.push({ resolve: done(resolve), reject: done(reject) });
        settle();
      }),
    isEmpty: () => arrived.length === 0,
  };
}
