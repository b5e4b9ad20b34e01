import { keepCompiled } from './keep-compiled.ts';

keepCompiled(process.env);

// Whoever reads our output may stop reading, as head does. That is no error, and nothing to report to anybody.
// Not for `paude run`: to open these streams would set a pipe to non-blocking for the command that has it, too.
for (const name of process.argv[2] === 'run' ? [] : (['stdout', 'stderr'] as const)) {
  process[name].on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    // Such as a full disk: what is there of the output is not all of it. The code is EX_IOERR of sysexits(3).
    if (name === 'stdout') process.stderr.write(`error: Cannot write the output: ${error.message}.\n`);
    process.exit(74);
  });
}

// Not awaited: a part of the bundle that is loaded later may import this module, and would wait for its end.
void import('./run-command-line.ts')
  .then(({ runCommandLine }) => runCommandLine(process.argv, process))
  .then((code) => {
    process.exitCode = code;
  });
