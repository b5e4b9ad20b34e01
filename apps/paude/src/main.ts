import { runCommandLine } from './run-command-line.ts';

// Whoever reads our output may stop reading, as head does. That is no error, and nothing to report to anybody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

// Not awaited: a part of the bundle that is loaded later may import this module, and would wait for its end.
void runCommandLine(process.argv, process).then((code) => {
  process.exitCode = code;
});
