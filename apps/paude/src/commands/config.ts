import { Command } from 'commander';
import { type OutputFormat, outputOption } from '../allowlist-options.ts';
import { formatColumns } from '../columns.ts';
import type { Io } from '../io.ts';
import { json } from '../session/session-options.ts';
import type { SettingsFlags } from '../session/settings-flags.ts';
import { withSettings } from './create.ts';

/** `paude config`: the settings of sessions and where they are from. */
export function configCommand(io: Io): Command {
  return new Command('config')
    .description('The settings of sessions, and where each is from')
    .addCommand(showCommand(io))
    .addCommand(pathCommand(io))
    .addCommand(initCommand(io));
}

function showCommand(io: Io): Command {
  return withSettings(new Command('show'))
    .description('Show what paude create would use here, and where each value is from.')
    .addOption(outputOption())
    .action(async ({ output, ...flags }: SettingsFlags & { readonly output: OutputFormat }) => {
      const [{ loadSettings }, { settingsOf }] = await Promise.all([
        import('@paude/sessions/config'),
        import('../session/settings-flags.ts'),
      ]);
      const request = { directory: io.cwd(), env: io.env, flags: settingsOf(flags, io) };
      const { origins, notes } = await loadSettings(request);
      for (const note of notes) io.stderr.write(`note: ${note}\n`);
      if (output === 'json') return void io.stdout.write(json(origins));
      const rows = origins.map(({ key, entry, value, from }) => [
        entry === undefined ? key : `${key}.${entry}`,
        typeof value === 'string' ? value : JSON.stringify(value),
        from,
      ]);
      io.stdout.write(formatColumns(rows));
    });
}

function pathCommand(io: Io): Command {
  return new Command('path').description('Say where your own settings are kept.').action(async () => {
    const { userSettingsPath } = await import('@paude/sessions/config');
    io.stdout.write(`${userSettingsPath(io.env)}\n`);
  });
}

function initCommand(io: Io): Command {
  return new Command('init')
    .description(
      'Write a paude.json for this project, or with --user your own settings; what is there is kept.',
    )
    .option('--user', 'your own settings, for all projects')
    .action(async ({ user }: { readonly user?: boolean }) => {
      const [{ userSettingsPath }, { initSettings }] = await Promise.all([
        import('@paude/sessions/config'),
        import('../session/init-settings.ts'),
      ]);
      const path = user === true ? userSettingsPath(io.env) : `${io.cwd()}/paude.json`;
      await initSettings(path, { isUser: user === true });
      io.stdout.write(`Wrote ${path}.\n`);
    });
}
