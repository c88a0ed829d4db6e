// Requests that were good and are no more: each way changes one thing.

const insert = (text, at, what) => text.slice(0, at) + what + text.slice(at);
const withQuery = (change) => (request, draw) => ({ ...request, query: change(request.query, draw) });
const withBody = (body) => (request) => ({ ...request, body });
const TOKENS = ["{", "}", "(", ")", "...", "@", "$", "!", ":", '"', '"""', "&", "|", "\0", "\ud800", "#", "\u00e9", "\\", "0x1", "on", "fragment F on", "@skip", "@include(if: $none)", "null"];

export const SPOILS = {
  aCharacterIsMissing: withQuery((query, draw) => {
    const at = draw.below(query.length);
    return query.slice(0, at) + query.slice(at + 1);
  }),
  aTokenIsAdded: withQuery((query, draw) => insert(query, draw.below(query.length), draw.pick(TOKENS))),
  theEndIsMissing: withQuery((query, draw) => query.slice(0, draw.below(query.length))),
  aNameIsAnother: withQuery((query, draw) => query.replace(draw.pick([/\b[a-z]\w+(?=\()/, /\b[a-z]\w+(?= })/, /\b[a-z]\w+(?=:)/]), "noSuchName")),
  aTypeIsAnother: withQuery((query, draw) => query.replace(/: (\[?)[A-Z]\w+/, (_, list) => `: ${list}${draw.pick(["Query", "NoSuchType", "PageInfo", "Boolean"])}`)),
  theKindIsAnother: withQuery((query, draw) => query.replace(/^\w+/, draw.pick(["query", "mutation", "subscription", "fragment"]))),
  aFragmentIsMissing: withQuery((query) => insert(query, query.lastIndexOf("}"), " ...NoSuchFragment ")),
  fragmentsAreACircle: withQuery((query) => `${insert(query, query.lastIndexOf("}"), " ...A ")} fragment A on Query { ...B } fragment B on Query { ...A }`),
  operationsAreTwo: withQuery((query) => `${query} query Other { rateLimit { limit } }`),
  nothingIsAsked: withQuery((query, draw) => draw.pick(["", " ", "{}", "# nothing", "\ufeff", "{ __typename", "query"])),
  itIsNested: withQuery((query, draw) => "{ viewer ".repeat(20 + draw.below(2_000)) + query),
  listsAreNested: withQuery((query, draw) => `{ nodes(ids: ${"[".repeat(20 + draw.below(3_000))} ) { id } }`),
  theSchemaIsAsked: withQuery(() => "{ __schema { types { name fields { name type { name } } } } __type(name: \"Query\") { name } }"),
  theNameIsAnother: (request) => ({ ...request, operationName: "NoSuchOperation" }),
  variablesAreMissing: (request) => ({ ...request, variables: {} }),
  variablesAreNone: (request, draw) => ({ ...request, variables: draw.pick([[], "x", 1, true, [{}]]) }),
  aVariableIsAnother: (request, draw) => {
    const names = Object.keys(request.variables);
    const value = draw.pick([{}, [], [[[]]], "x", -1, 1e308, true, null, { a: { b: [null] } }]);
    return names.length > 0 ? { ...request, variables: { ...request.variables, [draw.pick(names)]: value } } : request;
  },
  aFieldIsUnknown: (request) => ({ ...request, more: { noSuchField: 1 } }),
  aLinkIsUsed: (request) => ({ ...request, method: "GET" }),
  theMethodIsAnother: (request, draw) => ({ ...request, method: draw.pick(["PUT", "DELETE", "PATCH", "OPTIONS"]) }),
  theTypeIsAnother: (request, draw) => ({ ...request, contentType: draw.pick(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", "application/json; charset=utf-16", ""]) }),
  theAnswerIsAnother: (request, draw) => ({ ...request, accept: draw.pick(["text/html", "application/json;q=0", "*/*;q=0", "multipart/mixed", "text/event-stream", ",;,"]) }),
  itIsABatch: (request) => ({ ...request, body: JSON.stringify([{ query: request.query }, { query: request.query }]) }),
  itIsNoJson: (request, draw) => ({ ...request, body: draw.pick(["", "{", "null", "1", '"x"', "[]", '{"query":1}', '{"query":"{ viewer { id } }","query":"{}"}', "{\"query\":\"\\ud800\"}", "[".repeat(10_000)]) }),
  itIsNoText: withBody(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
  itIsBig: (request) => ({ ...request, body: JSON.stringify({ query: `# ${"x".repeat(70_000)}\n${request.query}` }) }),
};
