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

/** Follows the account after a cursor; `hurry` tries again now, or makes sure that the stream is alive. */
export class Stream {
  private cursor: string | null;
  private readonly listener: Listener;
  /** The socket of now; what an older one says does not count. */
  private socket: WebSocket | null = null;
  /** For the next try, the next ping, or the silence that is one too long. */
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  /** How long the server wants the next try to wait. */
  private wait: number | null = null;

  constructor(after: string, listener: Listener) {
    this.cursor = after;
    this.listener = listener;
    this.connect();
  }

  hurry(): void {
    if (!this.socket) this.connect();
    else if (this.socket.readyState === WebSocket.OPEN) this.ping();
  }

  private later(what: () => void, ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(what, ms);
  }

  private connect(): void {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const isCurrent = () => this.socket === socket;
    this.socket = socket;
    socket.onopen = () => this.send({ type: 'connection_init', payload: { authorization: credentials() } });
    socket.onmessage = ({ data }) => isCurrent() && this.hear(JSON.parse(data as string) as Message);
    socket.onclose = (closed) => isCurrent() && this.lost(loginFaultOf(closed));
    this.expectWord();
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private ping(): void {
    this.send({ type: 'ping' });
    this.expectWord();
  }

  /** A network that went away without a word is noticed by the word that does not come. */
  private expectWord(): void {
    this.later(() => this.lost(null), SILENCE_MAX_MS);
  }

  private hear({ type, payload }: Message): void {
    this.later(() => this.ping(), PING_MS);
    if (type === 'ping') this.send({ type: 'pong' });
    // What comes after the subscription shows that the server has taken it.
    if (type === 'next' || type === 'pong') this.tries = 0;
    if (type === 'error') this.failed(payload as Failure[]);
    if (type === 'complete') this.lost(null);
    if (type === 'next') this.next(payload as Next);
    if (type === 'connection_ack') {
      this.send({ id: '1', type: 'subscribe', payload: { documentId: ACCOUNT_EVENTS.id, variables: { after: this.cursor } } });
      this.listener.link(true);
    }
  }

  private next({ data, errors }: Next): void {
    if (!data?.accountEvents) return this.failed(errors);
    this.cursor = data.accountEvents.cursor;
    this.listener.event(data.accountEvents);
  }

  private failed(errors: Failure[] | undefined): void {
    const { code, retryAt } = faultOf(errors);
    // A cursor that the server can't read is dropped: the stream then begins with a snapshot.
    if (code === 'BAD_USER_INPUT') this.cursor = null;
    this.wait = code === 'LAGGED' ? 0 : retryAt ? secondsUntil(retryAt) * 1000 : null;
    this.lost(isLoginFault(code) ? code : null);
  }

  /** The end of this socket, and the way to the next, if the login allows one. */
  private lost(loginFault: string | null): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    clearTimeout(this.timer);
    if (loginFault) return this.listener.loginFault(loginFault);
    this.listener.link(false);
    this.tries += 1;
    const ms = Math.min(250 * 2 ** this.tries, WAIT_MAX_MS) * (0.7 + Math.random() * 0.6);
    this.later(() => this.connect(), this.wait ?? ms);
    this.wait = null;
  }
}
