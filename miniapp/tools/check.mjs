// Everything that has to hold before a commit: types, generated types, tests, the committed build, sizes.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = new URL('..', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'miniapp-check-'));
/** Gzip bytes of all that a reader of a language loads: script, styles, words. */
const SIZE_MAX = { en: 28_500, ru: 29_400 };

const run = (program, words, env = {}) =>
  execFileSync(join(root, 'node_modules/.bin', program), words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });

const files = (folder) =>
  readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile() && !/\.(br|gz)$/.test(name)).sort();

function fail(why) {
  throw new Error(why);
}

function same(one, other, what) {
  if (!readFileSync(one).equals(readFileSync(other))) fail(`${what} is not what its sources make; run npm run ${what.startsWith('dist') ? 'build' : 'types'}`);
}

const steps = {
  types: () => run('tsc', []),
  'generated types': () => {
    const made = join(work, 'types.ts');
    run('graphql-codegen', ['--config', 'codegen.mjs'], { TYPES_FILE: relative(root, made) });
    same(made, join(root, 'src/api/types.ts'), 'src/api/types.ts');
  },
  tests: () => execFileSync('npm', ['test', '--silent'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }),
  build: () => {
    const made = join(work, 'dist');
    run('vite', ['build', '--logLevel', 'error', '--emptyOutDir', '--outDir', made]);
    const dist = join(root, 'dist');
    const names = files(made);
    if (names.join() !== files(dist).join()) fail('dist has other files than its sources make; run npm run build');
    for (const name of names) {
      same(join(made, name), join(dist, name), `dist/${name}`);
      for (const form of ['br', 'gz']) statSync(join(dist, `${name}.${form}`));
    }
  },
  size: () => {
    const assets = join(root, 'dist/assets');
    const names = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name));
    const languages = Object.keys(SIZE_MAX);
    const said = languages.map((language) => {
      const loaded = names.filter((name) => !languages.some((other) => other !== language && name.startsWith(`${other}-`)));
      const size = loaded.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0);
      if (size > SIZE_MAX[language]) fail(`a reader of ${language} loads ${size} bytes, more than ${SIZE_MAX[language]}`);
      return `${language} ${size}`;
    });
    return `bytes of gzip that a reader loads: ${said.join(', ')}`;
  },
};

try {
  for (const [name, step] of Object.entries(steps)) {
    const said = step();
    console.log(`ok ${name}${typeof said === 'string' ? `: ${said}` : ''}`);
  }
} catch (error) {
  console.error(`not ok: ${error.message}\n${error.stdout ?? ''}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
