// Random requests, good and nearly good, as owner, as dispatcher, and as a service with every scope.
//
//   run.mjs [--cases N] [--seed TEXT] [--as CALLER] STAGE
//
// A seed draws the same requests again, but for the ids in them. Each answer has to be of the API's
// own making (verdict.mjs), and graphql-js has the last word on what may run at all.

import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

import { buildSchema } from "graphql";

import { judge, schemaText, stage } from "../stage.mjs";
import { CALLERS, openLeases } from "./callers.mjs";
import { Document } from "./document.mjs";
import { drawFrom } from "./random.mjs";
import { SPOILS } from "./spoil.mjs";
import { Values } from "./values.mjs";
import { codes, fault, mayRun } from "./verdict.mjs";

const { values: options } = parseArgs({
  args: process.argv.slice(2, -1),
  options: {
    cases: { type: "string", default: "300" },
    seed: { type: "string", default: randomBytes(4).toString("hex") },
    as: { type: "string", multiple: true, default: Object.keys(CALLERS) },
  },
});
const cases = Number(options.cases);
const schema = buildSchema(schemaText());
const ROOTS = { query: Object.keys(schema.getQueryType().getFields()), mutation: Object.keys(schema.getMutationType().getFields()) };
const SHOWN_MAX = 5;
// Under this share of plain requests that run, the figures would say little.
const RAN_MIN = 0.8;
// How many standard deviations fewer may be chance: a short run says less than a long one. Of 130 requests 86 have to
// run, of 2,200 1,685.
const CHANCE = 4;
const leastRan = (plain) => RAN_MIN * plain - CHANCE * Math.sqrt(RAN_MIN * (1 - RAN_MIN) * plain);

function request(draw, caller) {
  const kind = draw.chance(0.3) ? "mutation" : "query";
  const isTame = draw.chance(0.5);
  const isWrong = !isTame && draw.chance(0.3);
  // One odd value in an otherwise good request gets furthest.
  const oddity = isTame ? 0 : draw.pick([0.1, 0.3, 0.6]);
  const values = new Values(draw, { oddity, wrongness: isWrong ? 0.15 : 0, known: caller.known });
  const document = new Document(schema, draw, values);
  const isHis = (name) => caller.uses.includes(name);
  const isAtHome = draw.chance(0.9);
  const query = document.operation(kind, isAtHome ? ROOTS[kind].filter(isHis) : ROOTS[kind]);
  const good = { query, variables: document.variables, method: "POST", roots: document.roots };
  if (isTame && isAtHome) return { ...good, kind: "plain" };
  if (isTame || draw.chance(0.4)) return { ...good, kind: isWrong ? "wrong" : "odd", isOdd: !values.isPlain };
  const spoil = draw.pick(Object.keys(SPOILS));
  return { ...SPOILS[spoil](good, draw), kind: spoil };
}

async function send({ query, variables, operationName, method, contentType, accept, body, more }, authorization) {
  const told = { query, variables, operationName, ...more };
  const headers = { authorization, accept: accept ?? "application/graphql-response+json" };
  let url = stage.graphql;
  if (method === "GET") {
    url += `?${new URLSearchParams({ query: query.toWellFormed?.() ?? query, variables: JSON.stringify(variables) })}`;
  } else {
    headers["content-type"] = contentType ?? "application/json";
  }
  const sent = method === "GET" ? undefined : body ?? JSON.stringify(told);
  const response = await fetch(url, { method, headers, body: sent, signal: AbortSignal.timeout(30_000) });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

// Where the server and graphql-js disagree on whether a request may run.
function disagreement(asked, body) {
  const isDocumentAlone = asked.method === "POST" && ["body", "contentType", "accept", "more"].every((name) => !(name in asked));
  if (!isDocumentAlone) return undefined;
  const refusals = ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"];
  const isRefused = body.errors?.some((error) => !error.path && refusals.includes(error.extensions.code));
  const may = mayRun(schema, asked);
  if (may && isRefused && asked.kind === "plain") return "refused, and good for graphql-js";
  if (!may && !body.errors) return "answered, and bad for graphql-js";
  return undefined;
}

class Tally {
  statuses = {};
  found = {};
  reached = new Set();
  failures = [];
  plain = 0;
  ran = 0;

  note(asked, answer, number, caller) {
    this.statuses[answer.status] = (this.statuses[answer.status] ?? 0) + 1;
    let wrong = fault(answer);
    if (!wrong) {
      const body = JSON.parse(answer.text);
      for (const code of codes(body)) this.found[code] = (this.found[code] ?? 0) + 1;
      wrong = disagreement(asked, body);
      if (asked.kind === "plain") this.plain += 1;
      if (!body.errors && asked.kind === "plain") {
        this.ran += 1;
        for (const name of asked.roots) this.reached.add(name);
      }
    }
    if (wrong) this.failures.push({ wrong, number, caller, asked, answer });
  }
}

const told = ({ wrong, number, caller, asked, answer }) =>
  `\n  ${caller} ${number} (${asked.kind}): ${wrong}\n    ${asked.method} ${String(asked.body ?? asked.query).slice(0, 1_500)}` +
  `\n    with ${JSON.stringify(asked.variables)?.slice(0, 500)}\n    ${answer.status} ${answer.text.slice(0, 300)}`;

async function run(name, tally) {
  const caller = CALLERS[name]();
  await caller.learn();
  for (let number = 0; number < cases; number += 1) {
    if (number % 100 === 99) await caller.learn();
    const asked = request(drawFrom(`${options.seed} ${name} ${number}`), caller);
    const answer = await send(asked, caller.authorization);
    tally.note(asked, answer, number, name);
    await caller.heed({ body: answer.text.startsWith("{") ? JSON.parse(answer.text) : undefined });
  }
  const missed = caller.uses.filter((field) => !tally.reached.has(field));
  if (cases >= 300 && missed.length > 0) throw new Error(`${name} never had an answer of ${missed}; seed ${options.seed}`);
  if (tally.ran < leastRan(tally.plain)) throw new Error(`${name}: ${tally.ran} of ${tally.plain} plain requests ran; seed ${options.seed}`);
}

const shown = (counts) => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ");

await judge("fuzz", async () => {
  await openLeases(options.seed);
  const parts = [];
  for (const name of options.as) {
    const tally = new Tally();
    const begun = performance.now();
    await run(name, tally);
    if (tally.failures.length > 0) {
      const some = tally.failures.slice(0, SHOWN_MAX).map(told).join("");
      throw new Error(`${tally.failures.length} of ${cases} as ${name}, seed ${options.seed}${some}`);
    }
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    parts.push(`\n  ${name}: ${cases} in ${seconds} s; ${tally.ran} of ${tally.plain} plain ones ran; ${shown(tally.statuses)}; ${shown(tally.found)}`);
  }
  return `seed ${options.seed}${parts.join("")}`;
});
