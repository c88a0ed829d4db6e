// urql: HTTP, and the live stream by its exchange for subscriptions.

import assert from "node:assert/strict";

import { cacheExchange, createClient, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

import { judge, stage } from "../stage.mjs";
import * as scenes from "./scenes.mjs";

const socket = createSocket({
  url: stage.socket,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: stage.owner },
});
const forwardSubscription = (request) => ({
  subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
});
const client = createClient({
  url: stage.graphql,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: stage.owner } },
  exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })],
});

async function codes(query) {
  const { error } = await client.query(query, {});
  assert(error, "no error");
  return error.graphQLErrors.map(({ extensions }) => extensions.code);
}

await judge("urql", async () => {
  const { data, error } = await client.query(scenes.VIEWER, {});
  assert.ifError(error);
  scenes.assertViewer(data.viewer, stage.telegramUserId);
  const byLink = await client.query(scenes.VIEWER, {}, { preferGetMethod: "force", requestPolicy: "network-only" });
  assert.ifError(byLink.error);
  scenes.assertViewer(byLink.data.viewer, stage.telegramUserId);
  const refused = await client.mutation(scenes.SUBMIT, scenes.MALFORMED_KEY);
  scenes.assertUserError(refused.data.submitKey);
  assert.deepEqual(await codes(scenes.FORBIDDEN), ["FORBIDDEN"]);
  assert.deepEqual(await codes(scenes.INVALID), ["GRAPHQL_VALIDATION_FAILED"]);
  const inbox = scenes.inbox();
  client.subscription(scenes.EVENTS, {}).subscribe(({ data, error }) => {
    if (error) inbox.fail(error);
    else inbox.push(data.accountEvents);
  });
  await scenes.assertLive(inbox.next, "urql");
  return "query by POST and GET, user error, error codes, live event";
});
