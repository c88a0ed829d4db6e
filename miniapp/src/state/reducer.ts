// The account in memory and how answers and events change it: pure. Answers may arrive in any order:
// of two forms of a key the one with the higher version stands, and an event seen twice changes nothing.

import type { AccountEvent, KeyRow, Posted, Viewer } from '../api/operations.ts';
import type { Fault } from '../api/request.ts';

export interface State {
  phase: 'loading' | 'ready' | 'failed';
  /** Why the first answer did not come. */
  fault: Fault | null;
  /** How the login stands, as the server says. */
  login: 'good' | 'expired' | 'refused';
  /** What to say about the connection; short gaps are not worth a word. */
  link: 'fine' | 'reconnecting' | 'offline';
  balance: string;
  credited: string;
  frozen: boolean;
  keys: ReadonlyMap<string, KeyRow>;
  /** Where the next page of keys begins; null when all are here. */
  nextKeys: string | null;
  /** Movements that came by the stream, newest first. */
  posted: readonly Posted[];
  /** Grows when everything was thrown away, so that screens read what they keep anew. */
  epoch: number;
}

/** As many live movements as a screen may want to show. */
const POSTED_MAX = 200;

export const EMPTY: State = {
  phase: 'loading',
  fault: null,
  login: 'good',
  link: 'fine',
  balance: '0',
  credited: '0',
  frozen: false,
  keys: new Map(),
  nextKeys: null,
  posted: [],
  epoch: 0,
};

/** Whether a form of a key may take another's place. Equal versions may differ in what a hold moves. */
const isNewer = (key: KeyRow, kept: KeyRow | undefined) => !kept || key.version >= kept.version;

export function withKeys(state: State, keys: readonly KeyRow[]): State {
  const merged = new Map(state.keys);
  for (const key of keys) if (isNewer(key, merged.get(key.id))) merged.set(key.id, key);
  return { ...state, keys: merged };
}

export interface Fresh {
  /** Whether the totals of the answer are newer than what is here. */
  totals: boolean;
  /** Of a stream that missed events: keys that changed since; all else here is thrown away. */
  only?: ReadonlySet<string>;
}

/** A first page, or one read anew: what the stream brought since stays. */
export function withAccount(state: State, viewer: Viewer, { totals, only }: Fresh): State {
  const { balance, credited, frozen, keys } = viewer;
  const kept = only && new Map([...state.keys].filter(([id]) => only.has(id)));
  const next = { ...state, phase: 'ready' as const, fault: null };
  if (totals) Object.assign(next, { balance, credited, frozen });
  if (kept) Object.assign(next, { keys: kept, posted: [], epoch: state.epoch + 1 });
  if (kept || state.phase !== 'ready') next.nextKeys = keys.pageInfo.hasNextPage ? keys.pageInfo.endCursor : null;
  return withKeys(next, keys.nodes);
}

/** A further page of keys. */
export function withMoreKeys(state: State, { keys }: Viewer): State {
  return { ...withKeys(state, keys.nodes), nextKeys: keys.pageInfo.hasNextPage ? keys.pageInfo.endCursor : null };
}

function withPosted(state: State, posted: Posted): State {
  if (state.posted.some(({ id }) => id === posted.id)) return state;
  return { ...state, balance: posted.balanceAfter, posted: [posted, ...state.posted].slice(0, POSTED_MAX) };
}

/** Events in the order of the stream. A snapshot is for the caller: it reads the account anew. */
export function withEvents(state: State, events: readonly AccountEvent[]): State {
  const changed = events.flatMap((event) => (event.__typename === 'KeyChanged' ? [event.key] : []));
  let next = changed.length > 0 ? withKeys(state, changed) : state;
  for (const event of events) if (event.__typename === 'TransactionPosted') next = withPosted(next, event.transaction);
  return next;
}
