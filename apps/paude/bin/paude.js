#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is wrong.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `Cannot run paude "on Node ${process.versions.node}": it needs Node 24 or newer. Install one, or run it with npx in the repository, which brings its own.\n`,
  );
  process.exit(1);
}
await keepCompiled();
await import('../src/main.ts');

/**
 * Compiled code is kept from start to start, which saves half of the time that loading takes. In a directory of this user:
 * whoever can write there runs code as this user. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE are heard as usual.
 */
async function keepCompiled() {
  const { enableCompileCache } = await import('node:module');
  const { XDG_CACHE_HOME: cache, HOME: home } = process.env;
  const base = cache?.startsWith('/') ? cache : home?.startsWith('/') ? `${home}/.cache` : undefined;
  if (base !== undefined) enableCompileCache(`${base}/paude/compiled`);
}
