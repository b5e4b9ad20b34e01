import { run } from './run.ts';

// Not awaited: a part of the bundle that is loaded later may import this module, and would wait for its end.
void run(process).then((code) => {
  process.exitCode = code;
});
