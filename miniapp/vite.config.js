// The build: one script, one style sheet, nothing inline, the same bytes every time.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

/// An imported operation becomes its id: the server keeps the text, the bundle needs none.
const trustedDocuments = {
  name: 'trusted-documents',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith('.graphql')) return null;
    const hash = createHash('sha256').update(readFileSync(id)).digest('hex');
    return `export default 'sha256:${hash}'`;
  },
};

/// Nothing that is loaded later brings styles of its own, so vite's helper for that has nothing to do.
const plainImports = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = (load) => load()' : null),
};

/// A server to develop against, such as that of `key-recycling demo`. It hears its own origin alone.
const server = process.env.KEY_RECYCLING_SERVER ?? 'http://127.0.0.1:8080';
const proxy = { '/graphql': { target: server, ws: true, changeOrigin: true, headers: { origin: server } } };

/// What the server sends with the built page.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors https://web.telegram.org https://*.telegram.org";

export default defineConfig({
  base: '/',
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy, headers: { 'content-security-policy': policy } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [trustedDocuments, plainImports],
  build: {
    assetsInlineLimit: 0,
    modulePreload: false,
    target: ['es2022', 'safari15'],
    reportCompressedSize: false,
  },
});
