#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is wrong.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `Cannot run paude "on Node ${process.versions.node}": it needs Node 24 or newer. Install one, or run it with npx in the repository, which brings its own.\n`,
  );
  process.exit(1);
}
await import('../src/main.ts');
