import { Command } from 'commander';
import type { Io } from '../io.ts';
import { stubsWriteCommand } from './stubs-write.ts';

/** `paude stubs`: what a session holds in place of credentials. */
export function stubsCommand(io: Io): Command {
  return new Command('stubs')
    .description('What a session holds in place of credentials, and how its programs find the proxy')
    .addCommand(stubsWriteCommand(io));
}
