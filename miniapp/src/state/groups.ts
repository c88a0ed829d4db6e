// Keys in the order of the Settings screen: by state, what wants attention first, then newest first.

import type { KeyRow } from '../api/operations.ts';
import type { KeyStatus } from '../api/types.ts';

export interface Group {
  status: KeyStatus;
  keys: KeyRow[];
}

/** What just happened, what needs its owner, what works, what waits, what is over. */
const ORDER: readonly KeyStatus[] = ['PENDING', 'INVALID', 'ACTIVE', 'DEPLETED', 'REMOVED'];

export function grouped(keys: Iterable<KeyRow>): Group[] {
  const groups = new Map<KeyStatus, KeyRow[]>(ORDER.map((status) => [status, []]));
  for (const key of keys) groups.get(key.status)?.push(key);
  for (const group of groups.values()) {
    group.sort((a, b) => Number(b.submittedAt > a.submittedAt) - Number(b.submittedAt < a.submittedAt));
  }
  return [...groups].flatMap(([status, keys]) => (keys.length > 0 ? [{ status, keys }] : []));
}
