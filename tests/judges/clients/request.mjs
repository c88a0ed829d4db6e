// graphql-request, which knows HTTP alone.

import assert from "node:assert/strict";

import { ClientError, GraphQLClient } from "graphql-request";

import { judge, stage } from "../stage.mjs";
import * as scenes from "./scenes.mjs";

const client = new GraphQLClient(stage.graphql, { headers: { authorization: stage.owner } });
const stranger = new GraphQLClient(stage.graphql, { headers: { authorization: "Bearer made-up" } });

async function failure(asking, document) {
  const error = await asking.request(document).then(() => null, (error) => error);
  assert(error instanceof ClientError, `no error of a GraphQL answer: ${error}`);
  return [error.response.status, error.response.errors[0].extensions.code];
}

await judge("graphql-request", async () => {
  scenes.assertViewer((await client.request(scenes.VIEWER)).viewer, stage.telegramUserId);
  scenes.assertUserError((await client.request(scenes.SUBMIT, scenes.MALFORMED_KEY)).submitKey);
  assert.deepEqual(await failure(client, scenes.FORBIDDEN), [200, "FORBIDDEN"]);
  assert.deepEqual(await failure(client, scenes.INVALID), [400, "GRAPHQL_VALIDATION_FAILED"]);
  assert.deepEqual(await failure(stranger, scenes.VIEWER), [401, "UNAUTHENTICATED"]);
  return "query, user error, error codes with their statuses";
});
