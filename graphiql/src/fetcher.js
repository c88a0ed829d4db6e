// How a request reaches the server.
import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-ws';

const ENDPOINT = '/graphql';

export function fetcher(params, options) {
  const headers = options?.headers ?? {};
  const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName);
  return operation?.operation === 'subscription' ? subscribe(params, headers) : post(params, headers);
}

async function post(params, headers) {
  const { query, variables, operationName } = params;
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: { accept: 'application/json', ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables, operationName }),
  });
  return response.json();
}

// A socket for each subscription: it is signed in with what the editor holds at that moment.
function subscribe(params, headers) {
  const url = new URL(ENDPOINT, window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const { query, variables, operationName } = params;
  const client = createClient({ url: url.href, connectionParams: { authorization }, retryAttempts: 0 });
  return client.iterate({ query, variables, operationName });
}
