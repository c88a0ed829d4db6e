// Queries and mutations over HTTP. A request names its operation by id; what goes wrong becomes a
// Fault with a code. Nothing of a request or its answer is logged or kept.

import { learnClock } from '../time.ts';
import type { Operation } from './operations.ts';

/** Longer than the server waits for a provider's verdict. */
const PATIENCE_MS = 25_000;

/** A request that has no answer: the server's code, or OFFLINE, or TIMEOUT. */
export class Fault extends Error {
  code: string;
  retryAt: string | null;

  constructor(code: string, retryAt: string | null = null) {
    super(code);
    this.code = code;
    this.retryAt = retryAt;
  }
}

export interface Failure {
  extensions?: { code?: string; retryAt?: string };
}

/** What a list of errors means. */
export function faultOf(errors: readonly Failure[] | undefined): Fault {
  const { code = 'OTHER', retryAt = null } = errors?.[0]?.extensions ?? {};
  return new Fault(code, retryAt);
}

export const isLoginFault = (code: string) => code === 'LOGIN_EXPIRED' || code === 'UNAUTHENTICATED';

let authorization = '';
let onLoginFault: (code: string) => void = () => {};

/** Signs the requests to come, and says whom to tell when the login is not good any more. */
export function signIn(login: string, told: (code: string) => void): void {
  authorization = `tma ${login}`;
  onLoginFault = told;
}

export const credentials = () => authorization;

export async function request<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json',
        'content-type': 'application/json',
        authorization,
      },
      body: JSON.stringify({ documentId: operation.id, variables }),
      signal: patience.signal,
      credentials: 'omit',
      cache: 'no-store',
    });
    learnClock(answer.headers.get('date'));
    const body = (await answer.json()) as { data?: Data; errors?: Failure[] };
    if (body.data && !body.errors) return body.data;
    throw faultOf(body.errors);
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault(patience.signal.aborted ? 'TIMEOUT' : reason(error));
    if (isLoginFault(fault.code)) onLoginFault(fault.code);
    throw fault;
  } finally {
    clearTimeout(timer);
  }
}

/** A network that fails is a TypeError; an answer that is no JSON is a proxy's or a server in trouble. */
const reason = (error: unknown) => (error instanceof TypeError ? 'OFFLINE' : 'OTHER');
