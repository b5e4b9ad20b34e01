import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import type { OpenSessions } from '../session/sessions.ts';
import { allowedDomainsCommand } from './allowed-domains.ts';
import { blockedDomainsCommand } from './blocked-domains.ts';
import { cleanupCommand } from './cleanup.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { connectCommand } from './connect.ts';
import { cpCommand } from './cp.ts';
import { createCommand } from './create.ts';
import { deleteCommand } from './delete.ts';
import { doctorCommand } from './doctor.ts';
import { execCommand } from './exec.ts';
import { harvestCommand } from './harvest.ts';
import { listCommand } from './list.ts';
import { logsCommand } from './logs.ts';
import { remoteCommand } from './remote.ts';
import { resetCommand } from './reset.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { stopCommand } from './stop.ts';
import { upgradeCommand } from './upgrade.ts';
import { versionCommand } from './version.ts';

/** The commands about sessions. @param open Makes what they work with; tests pass their own. */
export function sessionCommands(io: Io, open: OpenSessions = openLazily): Command[] {
  return [
    createCommand,
    connectCommand,
    listCommand,
    statusCommand,
    startCommand,
    stopCommand,
    deleteCommand,
    execCommand,
    logsCommand,
    allowedDomainsCommand,
    blockedDomainsCommand,
    cpCommand,
    remoteCommand,
    harvestCommand,
    resetCommand,
    upgradeCommand,
    cleanupCommand,
    configCommand,
    doctorCommand,
    completionCommand,
    versionCommand,
  ].map((command) => command(io, open));
}
