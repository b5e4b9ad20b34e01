import { missingPrograms, serverPrograms } from './programs.ts';

/**
 * Builds the API server that the tests run against, if it is not there yet, so that the first test need not wait for it:
 * `node test/cluster/prepare.ts`. Without Go it says so and is content: those tests are then skipped.
 */
// Ends as after the last line, so that what it started does not go on without it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const say = (text: string) => void process.stderr.write(`${text}\n`);
const missing = missingPrograms();
if (missing.length > 0) say(`No ${missing.join(', no ')} here: tests of clusters will be skipped.`);
else say(`The API server is ${(await serverPrograms(say)).kubeApiserver}`);
