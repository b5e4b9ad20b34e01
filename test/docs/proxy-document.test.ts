import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { configSchema, environmentConfig } from '@paude/proxy/config';
import { beforeAll, describe, expect, it } from 'vitest';
import { runProcess, successful } from '../support/processes.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { codeIn, type Table, tableOf } from './tables.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const document = await readFile(`${repository}docs/proxy.md`, 'utf8');
const settings = tableOf(document, ['flag', 'key', 'variable', 'default']);

/** The row of a flag, a key or a variable. */
function rowOf(table: Table, name: string): readonly string[] {
  return table.find((row) => codeIn(...row.slice(0, 3)).includes(name)) ?? [];
}

describe('docs/proxy.md', () => {
  let help: string;

  beforeAll(async () => {
    const args = ['apps/paude/src/main.ts', 'proxy', '--help'];
    const { stdout } = successful(await runProcess(process.execPath, args, { cwd: repository }));
    help = stdout.replace(/\n {10,}/g, ' ');
  });

  it('lists the flags of paude proxy, all of them and no others', () => {
    const flags = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(settings.flatMap((row) => codeIn(row[0])).sort()).toEqual(flags.sort());
  });

  it('gives the defaults that the help gives', () => {
    const defaults = [...help.matchAll(/^ {2}(--[a-z-]+).*\((?:[^()]*; )?default: ([^)]+)\)/gm)];
    expect(defaults.length).toBeGreaterThan(10);
    for (const [, flag = '', given = ''] of defaults) {
      const documented = rowOf(settings, flag)[3]?.replaceAll('`', '') ?? '';
      const same = (text: string) =>
        text
          .replace(/^everyone.*/, 'everyone')
          .replace(/^-, standard output$/, '-')
          .replace('’', "'");
      expect(`${flag} ${documented}`).toContain(`${flag} ${same(given)}`);
    }
  });

  it('lists the keys of a configuration file, all of them and no others', () => {
    const { limits, timeouts, ...plain } = configSchema.shape;
    const keys = [
      ...Object.keys(plain),
      ...Object.keys(limits.shape).map((key) => `limits.${key}`),
      ...Object.keys(timeouts.shape).map((key) => `timeouts.${key}`),
    ];
    expect(settings.flatMap((row) => codeIn(row[1])).sort()).toEqual(keys.sort());
  });

  it('lists the variables that the daemon reads, all of them and no others', () => {
    const read = new Set<string>(['PAUDE_PROXY_CONFIG']);
    const get = (_target: object, name: string | symbol) => {
      read.add(String(name));
      return undefined;
    };
    environmentConfig(new Proxy({}, { get }));
    expect(settings.flatMap((row) => codeIn(row[2])).sort()).toEqual([...read].sort());
  });

  it('puts a flag, a key and a variable into one row only if they are the same setting', () => {
    const sample: Readonly<Record<string, string>> = {
      ALLOWED_OTEL_PORTS: '4317',
      PAUDE_PROXY_HOSTS: 'a.test=192.0.2.1',
      PAUDE_PROXY_REPORT_ONLY: '1',
      PAUDE_PROXY_DEFAULT_CREDENTIALS: '1',
      PAUDE_PROXY_LOG_FORMAT: 'json',
    };
    for (const row of settings) {
      const [key, variable] = [codeIn(row[1])[0], codeIn(row[2])[0]];
      if (key === undefined || variable === undefined) continue;
      expect(Object.keys(environmentConfig({ [variable]: sample[variable] ?? 'x' }))).toEqual([key]);
    }
  });

  it('lists the pages of the admin server and the metrics, all of them and no others', async () => {
    const proxy = untilTestEnds(await startProxy(['--allowed-domains', 'github']));
    const pages = /There is: (.*)\n/.exec(await (await fetch(`${proxy.adminUrl}/nowhere`)).text())?.[1];
    const documented = tableOf(document, ['page', 'says']).flatMap((row) => codeIn(row[0]));
    expect(documented.sort()).toEqual(pages?.split(' ').sort());
    const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text();
    const names = [...metrics.matchAll(/^# TYPE (paude_proxy_\w+)/gm)].map(([, name]) => name);
    expect(
      tableOf(document, ['metric', 'counts'])
        .flatMap((row) => codeIn(row[0]))
        .sort(),
    ).toEqual(names.sort());
  });
});
