// The published audit of GraphQL over HTTP, by a caller who is signed in.

import { auditServer } from "graphql-http";

import { judge, stage } from "./stage.mjs";

const AUDITS = 61;

// The audit's own requests have no login.
const signedIn = (url, options = {}) =>
  fetch(url, { ...options, headers: { ...options.headers, authorization: stage.operator } });

await judge("graphql-http audit", async () => {
  const results = await auditServer({ url: stage.graphql, fetchFn: signedIn });
  const failures = results.filter(({ status }) => status !== "ok");
  const reasons = failures.map(({ id, name, status, reason }) => `\n  ${status} ${id} ${name}: ${reason}`);
  if (results.length !== AUDITS || failures.length > 0) {
    throw new Error(`${results.length - failures.length} of ${results.length}, ${AUDITS} expected${reasons.join("")}`);
  }
  return `${results.length} of ${AUDITS}`;
});
