import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plural, speak, t } from '../src/strings.ts';
import { strings as en } from '../src/strings/en.ts';
import { strings as ru } from '../src/strings/ru.ts';
import { ago, day, learnClock, now, secondsUntil } from '../src/time.ts';

test('Russian has the form that goes with the number', () => {
  for (const [count, words] of [
    [0, '0 ключей'], [1, '1 ключ'], [2, '2 ключа'], [5, '5 ключей'], [11, '11 ключей'], [12, '12 ключей'],
    [21, '21 ключ'], [24, '24 ключа'], [111, '111 ключей'], [1002, '1002 ключа'],
  ] as const) assert.equal(ru.count(count), words);
  assert.equal(en.count(1), '1 key');
  assert.equal(en.count(21), '21 keys');
  assert.equal(plural('en', 2, { other: 'x' }), 'x');
});

test('both tables say the same things', () => {
  const shape = (value: unknown): unknown =>
    typeof value === 'object' && value ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]).sort()) : typeof value;
  assert.deepEqual(shape(ru), shape(en));
  const empty = (value: unknown): boolean => typeof value === 'string' && value.trim() === '';
  for (const table of [en, ru]) assert.ok(!Object.values(table).some(empty));
});

test('the language is that of the user, else English', async () => {
  for (const [tag, language] of [['ru', 'ru'], ['RU-ru', 'ru'], ['en', 'en'], ['run', 'en'], [undefined, 'en'], ['', 'en']] as const) {
    await speak(tag);
    assert.equal(t.language, language, String(tag));
  }
});

test('moments are told from the server’s clock', async () => {
  await speak('en');
  const at = Date.parse('2026-03-12T12:00:00Z');
  const before = (ms: number) => new Date(at - ms).toISOString();
  assert.equal(ago(before(-5_000), at), 'just now');
  assert.equal(ago(before(59_000), at), 'just now');
  assert.equal(ago(before(60_000), at), '1 min ago');
  assert.equal(ago(before(59 * 60_000), at), '59 min ago');
  assert.equal(ago(before(60 * 60_000), at), '1 h ago');
  assert.equal(ago(before(23.9 * 3_600_000), at), '23 h ago');
  assert.match(ago(before(25 * 3_600_000), at), /Mar 11/);
  assert.equal(day(before(0), at), 'Today');
  assert.equal(day(before(86_400_000), at), 'Yesterday');
  assert.equal(secondsUntil(before(-1), at), 1);
  assert.equal(secondsUntil(before(1), at), 0);

  learnClock(new Date(Date.now() + 60_000).toUTCString());
  assert.ok(Math.abs(now() - Date.now() - 60_000) < 1500);
  learnClock(new Date().toUTCString());
  assert.ok(Math.abs(now() - Date.now()) < 5);
  learnClock('nonsense');
  learnClock(null);
});
