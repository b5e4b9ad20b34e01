import { Command } from 'commander';
import type { Io } from '../io.ts';
import { caRotateCommand } from './ca-rotate.ts';
import { caShowCommand } from './ca-show.ts';

const EXAMPLES = `
Examples:
  paude ca show
  paude ca show --ca-dir ./ca --output pem > ca.crt
  paude ca rotate
`;

/** `paude ca`: the authority by which the proxy opens the TLS of hosts that have credential routes. */
export function caCommand(io: Io): Command {
  return new Command('ca')
    .description('The certificate authority by which the proxy puts credentials on requests')
    .addHelpText('after', EXAMPLES)
    .addCommand(caShowCommand(io))
    .addCommand(caRotateCommand(io));
}
