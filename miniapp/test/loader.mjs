// Lets node run the sources: a hook takes the types off, nothing else.

import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import ts from 'typescript';

export async function load(url, context, next) {
  if (url.endsWith('.graphql')) return { format: 'module', shortCircuit: true, source: "export default ''" };
  if (!/\.tsx?$/.test(url)) return next(url, context);
  const { outputText } = ts.transpileModule(await readFile(new URL(url), 'utf8'), {
    fileName: url,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      jsx: ts.JsxEmit.ReactJSX,
      jsxImportSource: 'preact',
      verbatimModuleSyntax: true,
    },
  });
  return { format: 'module', shortCircuit: true, source: outputText };
}

// `node --import` loads this file, which then registers itself as the hook, in a thread of its own.
if (!import.meta.url.endsWith('?hook')) register(`${import.meta.url}?hook`);
