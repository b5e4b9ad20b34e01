import type { EngineName, SessionSpec } from '@paude/sessions';
import type { LoadedSettings } from '@paude/sessions/config';
import { formatColumns } from '../columns.ts';
import { imageOf } from './new-session.ts';

/** What a dry run says would be made. Credentials by the names of their variables alone. */
export interface Plan {
  readonly name: string;
  readonly backend: EngineName;
  readonly agent: string;
  readonly command: readonly string[];
  readonly image: ReturnType<typeof imageOf>;
  readonly proxyImage: string;
  readonly workspace: string;
  readonly allowedDomains: readonly { readonly word: string; readonly from: string }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly credentials: readonly string[];
  readonly proxySettings: Readonly<Record<string, string>>;
  readonly git: boolean;
}

export function planOf(
  spec: Omit<SessionSpec, 'image'>,
  { settings, origins }: LoadedSettings,
  backend: EngineName,
): Plan {
  const { name, agent, command = [], proxyImage, workspace, environment, secrets, proxySettings = {} } = spec;
  return {
    name,
    backend,
    agent,
    command,
    image: imageOf(settings),
    proxyImage,
    workspace,
    allowedDomains: origins
      .filter(({ key }) => key === 'allowedDomains')
      .map(({ value, from }) => ({ word: String(value), from })),
    environment,
    credentials: [...secrets.variables.keys(), ...secrets.files.keys()].sort(),
    proxySettings,
    git: settings.git,
  };
}

export function planText(plan: Plan): string {
  const { image } = plan;
  const steps = typeof image === 'string' ? image : `built: ${JSON.stringify(image)}`;
  const rows: [string, string][] = [
    ['name', plan.name],
    ['backend', plan.backend],
    ['agent', [plan.agent, ...plan.command.slice(1)].join(' ')],
    ['image', steps],
    ['proxy image', plan.proxyImage],
    ['workspace', plan.workspace],
    ...plan.allowedDomains.map(({ word, from }): [string, string] => ['allowed', `${word}  (${from})`]),
    ...Object.entries(plan.environment).map(([name, value]): [string, string] => [
      'variable',
      `${name}=${value}`,
    ]),
    ...plan.credentials.map((name): [string, string] => ['credential', `${name} (for the proxy alone)`]),
    ...Object.entries(plan.proxySettings).map(([name, value]): [string, string] => [
      'proxy setting',
      `${name}=${value}`,
    ]),
    ['code', plan.git ? 'pushed by git' : 'none (--git pushes it)'],
  ];
  return formatColumns(rows);
}
