// The live stream over one WebSocket. It resumes after the last event seen for as long as the login
// is good; waits between tries grow to ten seconds and end at once when there is reason for hope.

import { createClient } from 'graphql-ws/client';
import { secondsUntil } from '../time.ts';
import { ACCOUNT_EVENTS, type AccountEvent } from './operations.ts';
import { credentials, faultOf, isLoginFault } from './request.ts';
import type { AccountEventsSubscription } from './types.ts';

const WAIT_MAX_MS = 10_000;
const SILENCE_MAX_MS = 8_000;

export interface Listener {
  event(event: AccountEvent): void;
  /** Whether the stream is up now. */
  link(isUp: boolean): void;
  loginFault(code: string): void;
}

interface Closed {
  code?: number;
  reason?: string;
}

let wake = () => {};

/** Tries again now rather than later. */
export const hurry = () => wake();

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

/** The login fault that a closed socket stands for, if any. */
export function loginFaultOf({ code, reason = '' }: Closed): string | null {
  if (code !== 4401 && code !== 4403) return null;
  // Too many sockets of one owner is refused with the same close code; that passes.
  if (reason === 'RATE_LIMITED') return null;
  return reason === 'LOGIN_EXPIRED' ? reason : 'UNAUTHENTICATED';
}

/** Follows the account after a cursor. */
export function follow(after: string, listener: Listener): void {
  let cursor: string | undefined = after;
  let silence: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    connectionParams: () => ({ authorization: credentials() }),
    keepAlive: 15_000,
    retryAttempts: Infinity,
    // Anything but a socket that failed or closed is a mistake of ours, and would be made again.
    shouldRetry: (closed) => !(closed instanceof Error) && loginFaultOf(closed as Closed) === null,
    // The library wants a text; the server gets the document's id, and the place to resume from now.
    jsonMessageReplacer: (name, value) =>
      name === 'payload' && value?.query ? { documentId: value.query, variables: { after: cursor } } : value,
    retryWait: (tries) => pause(Math.min(500 * 2 ** tries, WAIT_MAX_MS) * (0.7 + Math.random() * 0.6)),
    on: {
      connected: () => listener.link(true),
      closed() {
        clearTimeout(silence);
        listener.link(false);
      },
      // A network that went away without a word is noticed by the pong that does not come.
      ping(received) {
        if (!received) silence = setTimeout(() => client.terminate(), SILENCE_MAX_MS);
      },
      pong: () => clearTimeout(silence),
    },
  });
  const again = (ms: number) => void pause(ms).then(start);

  function failed(error: unknown): void {
    const fault = Array.isArray(error) ? faultOf(error) : null;
    const code = fault ? fault.code : loginFaultOf((error ?? {}) as Closed);
    if (code && isLoginFault(code)) return listener.loginFault(code);
    // A cursor that the server can't read is dropped: the stream then begins with a snapshot.
    if (code === 'BAD_USER_INPUT') cursor = undefined;
    again(code === 'LAGGED' ? 0 : fault?.retryAt ? secondsUntil(fault.retryAt) * 1000 : 3000);
  }

  function start(): void {
    client.subscribe<AccountEventsSubscription>({ query: ACCOUNT_EVENTS.id }, {
      next({ data, errors }) {
        if (!data?.accountEvents) return failed(errors);
        cursor = data.accountEvents.cursor;
        listener.event(data.accountEvents);
      },
      error: failed,
      complete: () => again(1000),
    });
  }
  start();
}
