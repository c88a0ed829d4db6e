// Apollo Client: HTTP, and the live stream over graphql-ws, chosen by the kind of operation.

import assert from "node:assert/strict";

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client/core/index.js";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions/index.js";
import { getMainDefinition } from "@apollo/client/utilities/index.js";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { judge, stage } from "../stage.mjs";
import * as scenes from "./scenes.mjs";

const socket = createClient({
  url: stage.socket,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: stage.owner },
});
const isLive = ({ query }) => getMainDefinition(query).operation === "subscription";
const http = new HttpLink({ uri: stage.graphql, headers: { authorization: stage.owner } });
const client = new ApolloClient({
  link: ApolloLink.split(isLive, new GraphQLWsLink(socket), http),
  cache: new InMemoryCache(),
});

async function code(query) {
  const failure = await client.query({ query: gql(query), fetchPolicy: "no-cache" }).then(() => null, (error) => error);
  assert(CombinedGraphQLErrors.is(failure), `no GraphQL error: ${failure}`);
  return failure.errors[0].extensions.code;
}

await judge("Apollo Client", async () => {
  const { data } = await client.query({ query: gql(scenes.VIEWER) });
  scenes.assertViewer(data.viewer, stage.telegramUserId);
  const refused = await client.mutate({ mutation: gql(scenes.SUBMIT), variables: scenes.MALFORMED_KEY });
  scenes.assertUserError(refused.data.submitKey);
  assert.equal(await code(scenes.FORBIDDEN), "FORBIDDEN");
  assert.equal(await code(scenes.INVALID), "GRAPHQL_VALIDATION_FAILED");
  const inbox = scenes.inbox();
  const stream = client.subscribe({ query: gql(scenes.EVENTS), fetchPolicy: "no-cache" });
  stream.subscribe({
    next: ({ data, error }) => (error ? inbox.fail(error) : inbox.push(data.accountEvents)),
    error: inbox.fail,
  });
  await scenes.assertLive(inbox.next, "apollo");
  return "query, user error, error codes, live event";
});
