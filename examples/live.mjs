// An owner's account, live: a snapshot, then every change once and in order, whatever the connection does.
//
//   API=http://127.0.0.1:8080/graphql AUTHORIZATION='tma …' node examples/live.mjs
//
// Prints one line for each event, and beside them, on standard error, what becomes of the connection.
// Ends after MAX_EVENTS events (default: 20) or MAX_SECONDS seconds (default: 300), and with 1 when the
// server wants no more of it.

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const EVENTS = `subscription Events($after: String) {
  accountEvents(after: $after) {
    __typename cursor occurredAt
    ... on AccountSnapshot { missedEvents account { balance keys(first: 1) { totalCount } } }
    ... on KeyChanged { key { label fingerprint status balance credited provider { name } } }
    ... on TransactionPosted { transaction { kind amount balanceAfter taskType key { provider { name } } } } } }`;

// An operation whose events have come in too slowly ends with this; it is begun again after the last cursor.
const LAGGED = "LAGGED";
const PING_MS = 10_000;
const PONG_MS = 5_000;
const WAIT_MS = { first: 250, longest: 5_000 };

const { API, AUTHORIZATION, MAX_EVENTS = "20", MAX_SECONDS = "300" } = process.env;
if (!API || !AUTHORIZATION) end(1, `${API ? "AUTHORIZATION" : "API"} is not set`);

function end(code, why) {
  console.error(why);
  process.exit(code);
}

// Unions and enums may grow: an event that is not known is still an event, with a cursor.
function told(event) {
  switch (event.__typename) {
    case "AccountSnapshot": {
      const { balance, keys } = event.account;
      // After this all that was known of the account is out of date.
      const missed = event.missedEvents ? "; events were missed" : "";
      return `balance ${balance}, keys ${keys.totalCount}${missed}`;
    }
    case "KeyChanged": {
      const { provider, label, fingerprint, status, balance, credited } = event.key;
      return `${provider.name} ${label ?? fingerprint}: ${status}, balance ${balance ?? "unknown"}, credited ${credited}`;
    }
    case "TransactionPosted": {
      const { kind, amount, balanceAfter, taskType, key } = event.transaction;
      const source = key ? ` for ${taskType} at ${key.provider.name}` : "";
      return `${kind} ${amount}${source}, balance ${balanceAfter}`;
    }
    default:
      return "";
  }
}

// A connection can die without a word. Pings notice: without a pong in time the client connects anew.
let unanswered;
const client = createClient({
  url: API.replace(/^http/, "ws"),
  webSocketImpl: WebSocket,
  // A function, so that a login could be renewed: it is asked again with each connection.
  connectionParams: () => ({ authorization: AUTHORIZATION }),
  keepAlive: PING_MS,
  // Every client of a server that restarts comes back; at growing distances and not all at once.
  retryAttempts: Number.POSITIVE_INFINITY,
  retryWait: async (retries) => {
    const wait = Math.min(WAIT_MS.longest, WAIT_MS.first * 2 ** retries) * (0.5 + Math.random() / 2);
    await new Promise((resolve) => setTimeout(resolve, wait));
  },
  // A refused login stays refused. Too many sockets of an owner become fewer.
  shouldRetry: ({ code, reason }) => code !== 4403 || reason === "RATE_LIMITED",
  on: {
    ping: (isReceived) => {
      if (!isReceived) unanswered = setTimeout(() => client.terminate(), PONG_MS);
    },
    pong: (isReceived) => {
      if (isReceived) clearTimeout(unanswered);
    },
    connected: () => console.error(variables.after ? "connected, going on after the last event" : "connected"),
    closed: ({ code, reason }) => {
      clearTimeout(unanswered);
      console.error(`not connected: ${code} ${reason}`.trimEnd());
    },
  },
});

// The client sends these anew with each connection, so the cursor among them is the last one seen: that
// is all there is to resuming. A program that goes on after its own restart keeps the cursor in a file.
const variables = {};
let events = 0;

async function follow() {
  for await (const { data, errors } of client.iterate({ query: EVENTS, variables })) {
    if (errors) throw errors;
    const event = data.accountEvents;
    console.log(`${event.occurredAt} ${event.__typename.padEnd(17)} ${told(event)}`.trimEnd());
    variables.after = event.cursor;
    events += 1;
    if (events === Number(MAX_EVENTS)) end(0, `ended after ${events} events`);
  }
}

setTimeout(() => end(0, `ended after ${MAX_SECONDS} seconds`), Number(MAX_SECONDS) * 1_000);
for (;;) {
  // What ends the stream is a list of GraphQL errors, or the close of a socket that stays closed.
  const failure = await follow().then(() => ({ message: "the stream ended" }), (thrown) => thrown);
  const { message, reason, extensions } = failure[0] ?? failure;
  const code = extensions?.code ?? failure.code;
  if (code !== LAGGED) end(1, ["refused:", code, reason || message].filter(Boolean).join(" "));
}
