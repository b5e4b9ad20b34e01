import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { openLazily } from '../session/open-lazily.ts';
import { type BackendFlag, json, withSession } from '../session/session-options.ts';
import type { OpenSessions } from '../session/sessions.ts';

interface StatusFlags extends BackendFlag {
  readonly output: OutputFormat;
}

/** `paude status`: how one session is. */
export function statusCommand(io: Io, open: OpenSessions = openLazily): Command {
  return withSession(new Command('status'))
    .description('Say how a session is: its agent, its proxy, its limits.')
    .addOption(outputOption())
    .action(async (name: string | undefined, { backend, output }: StatusFlags) => {
      const { findSession } = await import('../session/find-session.ts');
      const choice = { name, backend };
      const found = await findSession(await open(io), choice, { action: 'look at the session', io });
      const status = await found.backend.status(found.name);
      if (output === 'json') return void io.stdout.write(json(status));
      const { cpus, memoryBytes, pids } = status.resources;
      const { formatAge } = await import('../session/time-span.ts');
      const { running, lastMs } = status.activity;
      const active = lastMs === undefined ? '' : `, last active ${formatAge(lastMs, Date.now())}`;
      const limits = [
        ...(cpus === undefined ? [] : [`${cpus} cores`]),
        ...(memoryBytes === undefined ? [] : [`${Math.round(memoryBytes / 2 ** 20)} MiB`]),
        ...(pids === undefined ? [] : [`${pids} processes`]),
      ];
      const rows = [
        ['name', status.name],
        ['state', [status.state, status.problem].filter(Boolean).join(': ')],
        ['agent', `${status.agent} (${running ? 'runs' : 'does not run'}${active})`],
        ['proxy', status.proxy],
        ['backend', status.backend],
        ['image', status.image],
        ['directory', status.workspace],
        ['allowed', status.allowedDomains.join(', ') || 'nothing'],
        ['limits', limits.join(', ')],
        ['made', `${new Date(status.createdMs).toISOString()} by paude ${status.version}`],
      ];
      io.stdout.write(formatColumns(rows));
    });
}
