import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast, languageOf, parseLaunch } from '../src/bridge/launch.ts';
import { contrast, mix, palette, readable, validColours } from '../src/bridge/theme.ts';
import { readData } from '../src/bridge/transport.ts';

const login = 'user=%7B%22id%22%3A1%2C%22first_name%22%3A%22A%2BB%22%2C%22language_code%22%3A%22ru%22%7D&auth_date=1&hash=ff';

test('launch parameters are taken from a fragment as they are', () => {
  const fragment = `#${new URLSearchParams({ tgWebAppData: login, tgWebAppVersion: '8.0', tgWebAppPlatform: 'ios', tgWebAppThemeParams: '{"bg_color":"#ffffff"}' })}`;
  assert.deepEqual(parseLaunch(fragment), { login, version: '8.0', platform: 'ios', theme: { bg_color: '#ffffff' } });
  assert.equal(parseLaunch(fragment.replace('#', '#/some/path?'))?.login, login);
  for (const none of ['', '#', '#tgWebAppData=', '#tgWebAppVersion=8.0', '#/path']) assert.equal(parseLaunch(none), null, none);
  assert.deepEqual(parseLaunch('#tgWebAppData=x&tgWebAppThemeParams=[')?.theme, {});
  assert.deepEqual(parseLaunch('#tgWebAppData=x&tgWebAppThemeParams=[1]')?.theme, {});
  assert.equal(languageOf(login), 'ru');
  for (const odd of ['', 'user=x', 'user=%5B1%5D', 'user=%7B%22language_code%22%3A1%7D']) assert.equal(languageOf(odd), undefined, odd);
});

test('versions are compared by their numbers', () => {
  assert.ok(isAtLeast('10.0', '9.2') && isAtLeast('6.1', '6.1') && isAtLeast('7.10', '7.9'));
  assert.ok(!isAtLeast('6.0', '6.1') && !isAtLeast('', '6.0') && !isAtLeast('x.y', '6.0'));
});

test('what a client says is an object or nothing', () => {
  assert.deepEqual(readData('{"a":1}'), { a: 1 });
  assert.deepEqual(readData({ a: 1 }), { a: 1 });
  for (const odd of [null, undefined, 1, '', 'x', '[1]', [1], '1', 'null']) assert.deepEqual(readData(odd), {});
});

test('only colours of a theme are taken', () => {
  assert.deepEqual(
    validColours({ a: '#FFFFFF', b: '#fff', c: 'red', d: 'url(x)', e: '#12345g', f: null, g: '#1234567', h: '#0a0B0c' }),
    { a: '#ffffff', h: '#0a0b0c' },
  );
});

test('every text colour can be read where it stands, in any theme', () => {
  const grey = (value: number) => `#${value.toString(16).padStart(2, '0').repeat(3)}`;
  for (let value = 0; value < 256; value += 5) {
    // Text that can itself be read on the ground is all that a theme has to bring.
    const ground = grey(value);
    const text = contrast('#000000', ground) > contrast('#ffffff', ground) ? '#000000' : '#ffffff';
    const { colours } = palette(
      { bg_color: ground, secondary_bg_color: ground, text_color: text, hint_color: ground, button_color: '#3390ec', button_text_color: '#ffffff' },
      false,
    );
    for (const name of ['hint', 'accent', 'green', 'amber', 'red', 'grey']) {
      const found = colours[name]!;
      for (const under of [colours.page!, colours.card!]) {
        assert.ok(contrast(found, under) >= 4.5 || found === text, `${name} ${found} on ${under}`);
      }
    }
    assert.notEqual(colours.card, colours.page, 'a card stands out');
    assert.ok(contrast(colours.button!, '#ffffff') >= 4.5);
  }
  assert.equal(mix('#000000', '#ffffff', 0.5), '#808080');
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(readable('#000000', ['#ffffff'], '#000000'), '#000000');
});
