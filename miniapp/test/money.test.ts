import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNegative, isZero, money, parts, toNano } from '../src/money.ts';

test('an amount is read to its last place, and what is none is zero', () => {
  for (const [text, nano] of [
    ['0', 0n], ['1', 1_000_000_000n], ['-0.000000001', -1n], ['0.1', 100_000_000n],
    ['9223372036.854775807', 9_223_372_036_854_775_807n], ['90071992.547409931', 90_071_992_547_409_931n],
    ['', 0n], ['1e3', 0n], ['.5', 0n], ['1.0000000001', 0n], ['NaN', 0n],
  ] as const) assert.equal(toNano(text), nano, text);
  assert.ok(isZero('0.000') && !isZero('0.000000001'));
  assert.ok(isNegative('-0.1') && !isNegative('0') && !isNegative('-0'));
});

test('an amount is written as people of its language write it, exactly', () => {
  for (const [text, en, ru] of [
    ['0', '$0.00', '0,00\u00a0$'], ['1.5', '$1.50', '1,50\u00a0$'], ['-0.00299', '−$0.00299', '−0,00299\u00a0$'],
    ['1234567.000000001', '$1,234,567.000000001', '1\u00a0234\u00a0567,000000001\u00a0$'], ['999', '$999.00', '999,00\u00a0$'],
  ] as const) {
    assert.equal(money(text, 'en'), en);
    assert.equal(money(text, 'ru'), ru);
  }
  assert.equal(money('0.002', 'en', true), '+$0.002');
  assert.equal(money('0', 'en', true), '$0.00');
  assert.deepEqual(parts('1000.1', 'en'), { sign: '', whole: '1,000', fraction: '10' });
});
