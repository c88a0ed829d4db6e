// What an answer must never be, whatever was asked.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { getOperationAST, getVariableValues, GraphQLError, parse, validate } from "graphql";

import { root } from "../stage.mjs";

// Codes and their sentences, from where they are made.
function sentences() {
  const source = readFileSync(join(root, "src/graphql/error.rs"), "utf8");
  const table = (name) => new Map([...section(source, name).matchAll(/Self::(\w+) => "([^"]*)"/g)].map(([, key, text]) => [key, text]));
  const [codes, texts] = [table("as_str"), table("sentence")];
  if (codes.size < 10 || codes.size !== texts.size) throw new Error("the codes in src/graphql/error.rs could not be read");
  return new Map([...codes].map(([key, code]) => [code, texts.get(key)]));
}

const section = (source, name) => source.slice(source.indexOf(`pub const fn ${name}(`)).split("\n    }\n")[0];

const SENTENCES = sentences();
const NEVER = ["INTERNAL", "TIMEOUT", "UNAUTHENTICATED", "LOGIN_EXPIRED"];
const STATUSES = [200, 400, 403, 405, 406, 413, 415, 429];
// Words of the workshop: of the language, its libraries, the databases, and of files.
const INTERNAL = /panicked|backtrace|\.rs\b|\bsqlx|sea_orm|sqlite|sqlstate|postgres|async_graphql|key_recycling|\bserde|tokio|at line \d+ column|no such table|constraint failed|syntax error|Option<|Some\(|unwrap|\/src\/|\/tmp\//i;

export const codes = (body) => (body.errors ?? []).map(({ extensions }) => extensions?.code);

// The first fault of an answer, or nothing.
export function fault({ status, type, text }) {
  if (!STATUSES.includes(status)) return `status ${status}`;
  if (!/^application\/(graphql-response\+)?json; charset=utf-8$/.test(type)) return `media type ${type}`;
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return "no JSON";
  }
  for (const error of body.errors ?? []) {
    const code = error.extensions?.code;
    if (!SENTENCES.has(code)) return `code ${code}`;
    if (NEVER.includes(code)) return `code ${code}`;
    if (error.message !== SENTENCES.get(code)) return `a text of its own: ${error.message}`;
    if (!error.extensions.requestId) return "no request id";
  }
  if (status !== 200 && !body.errors?.length) return `status ${status} without an error`;
  if (!("data" in body) && !body.errors?.length) return "neither data nor errors";
  const word = INTERNAL.exec(text);
  return word ? `internal text: ${word[0]}` : undefined;
}

// What graphql-js makes of a request: whether it may run.
export function mayRun(schema, { query, variables, operationName }) {
  try {
    const document = parse(query);
    const operation = getOperationAST(document, operationName);
    if (validate(schema, document).length > 0 || !operation) return false;
    return !getVariableValues(schema, operation.variableDefinitions ?? [], JSON.parse(JSON.stringify(variables))).errors;
  } catch (failure) {
    // What is nested too deep for the judge itself may not run either.
    if (failure instanceof GraphQLError || failure instanceof RangeError) return false;
    throw failure;
  }
}
