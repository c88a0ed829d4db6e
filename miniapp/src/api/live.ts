// The live stream: one subscription over one WebSocket, by the protocol graphql-transport-ws. It resumes
// after the last event seen for as long as the login is good. Waits between tries grow to ten seconds and
// end at once when there is reason for hope. Written out here, as a library for it weighs more than the
// rest of this folder.

import { secondsUntil } from '../time.ts';
import { ACCOUNT_EVENTS, type AccountEvent } from './operations.ts';
import { credentials, faultOf, isLoginFault, type Failure } from './request.ts';

const WAIT_MAX_MS = 10_000;
/** How often the connection is tried for life, and how long an answer may take. */
const PING_MS = 15_000;
const SILENCE_MAX_MS = 8_000;

export interface Listener {
  event(event: AccountEvent): void;
  /** Whether the stream is up now. */
  link(isUp: boolean): void;
  loginFault(code: string): void;
}

/** A message of the server; of its answers one field is asked for. */
interface Message {
  type: 'connection_ack' | 'next' | 'error' | 'complete' | 'ping' | 'pong';
  payload?: unknown;
}

interface Next {
  data?: { accountEvents?: AccountEvent } | null;
  errors?: Failure[];
}

/** The login fault that a closed socket stands for, if any. */
export function loginFaultOf({ code, reason }: { code: number; reason: string }): string | null {
  if (code !== 4401 && code !== 4403) return null;
  // Too many sockets of one owner is refused with the same close code; that passes.
  if (reason === 'RATE_LIMITED') return null;
  return reason === 'LOGIN_EXPIRED' ? reason : 'UNAUTHENTICATED';
}

let wake = () => {};

/** Tries again now rather than later. */
export const hurry = () => wake();

/** Follows the account after a cursor. */
export function follow(after: string, listener: Listener): void {
  let cursor: string | null = after;
  let tries = 0;

  function again(ms: number): void {
    const timer = setTimeout(connect, ms);
    wake = () => {
      clearTimeout(timer);
      wake = () => {};
      connect();
    };
  }

  function connect(): void {
    wake = () => {};
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    let timer: ReturnType<typeof setTimeout>;
    /** How long to wait when this socket has closed; by default longer with each try. */
    let wait: number | undefined;
    let isDone = false;
    const send = (message: object) => socket.send(JSON.stringify(message));

    /** Ends this socket once, for whatever reason, also one that the network does not let end. */
    function done(): void {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      socket.close();
      listener.link(false);
      tries += 1;
      again(wait ?? Math.min(250 * 2 ** tries, WAIT_MAX_MS) * (0.7 + Math.random() * 0.6));
    }

    /** Waits for a word of the server, then for the next time to ask for one. */
    function expectWord(): void {
      clearTimeout(timer);
      timer = setTimeout(done, SILENCE_MAX_MS);
    }
    function heard(): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        send({ type: 'ping' });
        expectWord();
      }, PING_MS);
    }

    function failed(errors: Failure[] | undefined): void {
      const { code, retryAt } = faultOf(errors);
      if (isLoginFault(code)) {
        isDone = true;
        listener.loginFault(code);
      }
      // A cursor that the server can't read is dropped: the stream then begins with a snapshot.
      if (code === 'BAD_USER_INPUT') cursor = null;
      wait = code === 'LAGGED' ? 0 : retryAt ? secondsUntil(retryAt) * 1000 : undefined;
      socket.close();
    }

    socket.onopen = () => send({ type: 'connection_init', payload: { authorization: credentials() } });
    socket.onmessage = ({ data }) => {
      if (isDone) return;
      heard();
      const { type, payload } = JSON.parse(data as string) as Message;
      if (type === 'ping') send({ type: 'pong' });
      else if (type === 'connection_ack') {
        send({ id: '1', type: 'subscribe', payload: { documentId: ACCOUNT_EVENTS.id, variables: { after: cursor } } });
        listener.link(true);
      } else if (type === 'error') failed(payload as Failure[]);
      else if (type === 'complete') socket.close();
      else if (type === 'next') {
        const event = (payload as Next).data?.accountEvents;
        if (!event) return failed((payload as Next).errors);
        // Only what is heard shows that the server has taken the subscription.
        tries = 0;
        cursor = event.cursor;
        listener.event(event);
      }
    };
    socket.onclose = (closed) => {
      const code = loginFaultOf(closed);
      if (code && !isDone) {
        isDone = true;
        clearTimeout(timer);
        listener.loginFault(code);
      } else done();
    };
    expectWord();
  }
  connect();
}
