import { defineConfig } from 'vite';

export default defineConfig({
  base: '/graphiql/',
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    // Nothing inline, so that the page holds under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
    license: { fileName: 'licenses.md' },
  },
});
