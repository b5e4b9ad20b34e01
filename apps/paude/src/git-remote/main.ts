import { reportFailure } from '../report-failure.ts';
import { remoteHelper } from './remote-helper.ts';

const [, , , session = ''] = process.argv;
try {
  process.exitCode = await remoteHelper(session, process);
} catch (error) {
  process.exitCode = reportFailure(error, process);
}
// What git has not closed yet would hold this process.
process.stdin.destroy();
