import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountEvent, KeyRow, Posted, Viewer } from '../src/api/operations.ts';
import { loginFaultOf } from '../src/api/live.ts';
import { faultOf } from '../src/api/request.ts';
import { grouped } from '../src/state/groups.ts';
import { EMPTY, withAccount, withEvents, withKeys, withMoreKeys } from '../src/state/reducer.ts';
import { points } from '../src/ui/chart.tsx';

const key = (id: string, version: number, more: Partial<KeyRow> = {}): KeyRow => ({
  id, version, provider: { code: 'CAPSOLVER' }, label: id, fingerprint: 'F', status: 'ACTIVE', problem: null, balance: '1', held: '0',
  underReview: '0', credited: '0', outsideSpending: '0', balanceCheckedAt: null, checkableAt: '2026-01-01T00:00:00Z', lendable: true,
  submittedAt: '2026-01-01T00:00:00Z', ...more,
});
const posted = (id: string, balanceAfter: string): Posted => ({
  id, balanceAfter, kind: 'RECYCLE_CREDIT', amount: '1', postedAt: '2026-01-01T00:00:00Z', taskType: null, costSource: null,
  provisional: false, note: null, key: null, corrects: null,
});
const changed = (key: KeyRow): AccountEvent => ({ __typename: 'KeyChanged', cursor: 'c', key });
const moved = (transaction: Posted): AccountEvent => ({ __typename: 'TransactionPosted', cursor: 'c', transaction });
const viewer = (keys: KeyRow[], next: string | null = null, balance = '5'): Viewer => ({
  balance, credited: '3', frozen: false, eventCursor: 'c0', keys: { nodes: keys, pageInfo: { hasNextPage: next !== null, endCursor: next } },
});

test('keys end the same in whatever order their forms arrive', () => {
  const forms = [key('a', 1), key('a', 2, { balance: '2' }), key('b', 7), key('a', 3, { status: 'DEPLETED' }), key('b', 5)];
  const orders = (rest: KeyRow[]): KeyRow[][] => (rest.length < 2 ? [rest] : rest.flatMap((one, at) => orders(rest.toSpliced(at, 1)).map((order) => [one, ...order])));
  for (const order of orders(forms)) {
    const state = order.reduce((state, form) => withEvents(state, [changed(form)]), EMPTY);
    assert.equal(state.keys.get('a')?.status, 'DEPLETED');
    assert.equal(state.keys.get('b')?.version, 7);
  }
  // A hold moves figures without a new version, so an equal one is taken.
  assert.equal(withKeys(withKeys(EMPTY, [key('a', 1)]), [key('a', 1, { held: '0.1' })]).keys.get('a')?.held, '0.1');
});

test('a movement seen twice counts once', () => {
  const once = withEvents(EMPTY, [moved(posted('1', '1')), moved(posted('2', '2'))]);
  assert.deepEqual(once.posted.map(({ id }) => id), ['2', '1']);
  assert.equal(once.balance, '2');
  const twice = withEvents(once, [moved(posted('1', '1')), moved(posted('2', '2'))]);
  assert.equal(twice, once);
  const many = withEvents(EMPTY, Array.from({ length: 500 }, (_, at) => moved(posted(String(at), String(at)))));
  assert.equal(many.posted.length, 200);
  assert.equal(many.posted[0]?.id, '499');
});

test('pages are put together, and a page read anew does not turn back what the stream brought', () => {
  const first = withAccount(EMPTY, viewer([key('a', 1)], 'next'), { totals: true });
  assert.deepEqual([first.phase, first.balance, first.credited, first.nextKeys], ['ready', '5', '3', 'next']);
  const all = withMoreKeys(first, viewer([key('b', 1)]));
  assert.deepEqual([[...all.keys.keys()], all.nextKeys], [['a', 'b'], null]);
  const live = withEvents(all, [changed(key('a', 9)), moved(posted('1', '6'))]);
  const again = withAccount(live, viewer([key('a', 2)], 'next'), { totals: false });
  assert.deepEqual([again.keys.get('a')?.version, again.keys.size, again.balance, again.nextKeys], [9, 2, '6', null]);
});

test('missed events throw local state away, but for what came since', () => {
  const old = withEvents(withAccount(EMPTY, viewer([key('a', 1), key('gone', 1)], 'next'), { totals: true }), [changed(key('new', 4)), moved(posted('1', '6'))]);
  const fresh = withAccount(old, viewer([key('a', 1), key('new', 3)], null, '7'), { totals: true, only: new Set(['new']) });
  assert.deepEqual([...fresh.keys.keys()].sort(), ['a', 'new']);
  assert.equal(fresh.keys.get('new')?.version, 4);
  assert.deepEqual([fresh.balance, fresh.posted.length, fresh.nextKeys, fresh.epoch], ['7', 0, null, 1]);
});

test('keys are grouped by state, newest first', () => {
  const at = (hour: number) => ({ submittedAt: `2026-01-01T0${hour}:00:00Z` });
  const groups = grouped([key('a', 1, at(1)), key('b', 1, at(3)), key('c', 1, { status: 'INVALID' }), key('d', 1, { status: 'PENDING' }), key('e', 1, at(2))]);
  assert.deepEqual(groups.map(({ status, keys }) => [status, keys.map(({ id }) => id)]), [['PENDING', ['d']], ['INVALID', ['c']], ['ACTIVE', ['b', 'e', 'a']]]);
});

test('a fault has its code, and a closed socket says how the login stands', () => {
  assert.deepEqual([faultOf([{ extensions: { code: 'RATE_LIMITED', retryAt: 'x' } }]).code, faultOf([]).code, faultOf(undefined).retryAt], ['RATE_LIMITED', 'OTHER', null]);
  for (const [code, reason, fault] of [
    [4401, 'LOGIN_EXPIRED', 'LOGIN_EXPIRED'], [4403, 'UNAUTHENTICATED', 'UNAUTHENTICATED'], [4403, '', 'UNAUTHENTICATED'],
    [4403, 'RATE_LIMITED', null], [1012, 'The server ends', null], [1006, '', null],
  ] as const) assert.equal(loginFaultOf({ code, reason }), fault);
});

test('a chart stays within its picture, whatever the amounts', () => {
  const samples = ['9000000000.000000001', '0', '-1', '9000000000.000000001'].map((balance, at) => ({ at: `2026-01-0${at + 1}T00:00:00Z`, balance }));
  for (const [x, y] of points(samples)) assert.ok(x >= 0 && x <= 320 && y >= 0 && y <= 96, `${x} ${y}`);
  assert.deepEqual(points([samples[0]!, samples[0]!]).map(([, y]) => y), [48, 48]);
});
