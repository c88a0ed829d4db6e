// graphql-ws: every kind of operation over a socket, and a stream that goes on after a restart.

import assert from "node:assert/strict";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { deposit, judge, restart, stage } from "../stage.mjs";
import * as scenes from "./scenes.mjs";

const connect = (authorization, options = {}) =>
  createClient({ url: stage.socket, webSocketImpl: WebSocket, connectionParams: { authorization }, ...options });

async function once(client, query, variables) {
  const answers = client.iterate({ query, variables });
  const { value } = await answers.next();
  await answers.return();
  return value;
}

// While the client waits to connect again, the server is restarted and something happens.
async function goesOnAfterARestart() {
  const closes = [];
  let comeBack;
  const isBack = new Promise((resolve) => (comeBack = resolve));
  const client = connect(stage.owner, {
    retryAttempts: 3,
    retryWait: () => isBack,
    on: { closed: ({ code }) => closes.push(code) },
  });
  const variables = { after: null };
  const inbox = scenes.inbox();
  client.subscribe(
    // The variables are sent anew with each connection, so the cursor in them is the last one seen.
    { query: scenes.EVENTS, variables },
    {
      next({ data, errors }) {
        if (errors) return inbox.fail(errors);
        variables.after = data.accountEvents.cursor;
        inbox.push(data.accountEvents);
      },
      error: inbox.fail,
      complete: () => inbox.fail(new Error("the stream ended")),
    },
  );
  const before = await scenes.assertLive(inbox.next, "before the restart");
  await restart();
  await deposit("0.5", "while away");
  await deposit("0.25", "while still away");
  comeBack();
  for (const amount of ["0.5", "0.25"]) {
    const event = await inbox.next();
    assert.deepEqual([event.__typename, event.transaction?.amount], ["TransactionPosted", amount]);
  }
  await deposit("0.125", "back again");
  const after = await inbox.next();
  assert.equal(after.transaction.amount, "0.125");
  const sum = Number(before.transaction.balanceAfter) + 0.5 + 0.25 + 0.125;
  assert.equal(Number(after.transaction.balanceAfter), sum, "nothing is missing in between");
  assert(inbox.isEmpty(), "each event comes once");
  assert.deepEqual(closes, [1012]);
  await client.dispose();
}

async function closeCode(client) {
  const failure = await once(client, scenes.VIEWER).then(() => null, (error) => error);
  return failure?.code;
}

await judge("graphql-ws", async () => {
  const client = connect(stage.owner);
  scenes.assertViewer((await once(client, scenes.VIEWER)).data.viewer, stage.telegramUserId);
  scenes.assertUserError((await once(client, scenes.SUBMIT, scenes.MALFORMED_KEY)).data.submitKey);
  assert.equal((await once(client, scenes.FORBIDDEN)).errors[0].extensions.code, "FORBIDDEN");
  const invalid = await once(client, scenes.INVALID).then(() => null, (errors) => errors);
  assert.equal(invalid?.[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
  await client.dispose();
  assert.equal(await closeCode(connect("Bearer made-up", { retryAttempts: 0 })), 4403);
  await goesOnAfterARestart();
  return "query, user error, error codes, refused login, resumed by cursor after a restart (1012)";
});
