import { DEFAULT_ROUTES, javaProxyOptions, proxyVariables } from '@paude/credentials/variables';
import { PROXY_PORT, passedVariables, SANDBOX_VARIABLES, type Variables } from '@paude/sessions/local';
import { commandLineError } from '../command-line-error.ts';

const HOST = '127.0.0.1';

/** Where a command finds its proxy. */
export const PROXY_URL: string = `http://${HOST}:${PROXY_PORT}`;

/** Variables of the default routes: they hold a credential, or the path of one. */
const CREDENTIAL_VARIABLES: ReadonlySet<string> = new Set(
  DEFAULT_ROUTES.flatMap(({ sources }) =>
    sources.map((source) => ('env' in source ? source.env : source.fileIn)),
  ),
);

/** What a command's environment is made from. */
export interface EnvironmentRequest {
  readonly outside: Variables;
  /** As written on the command line: `NAME` or `NAME=VALUE`. */
  readonly named: readonly string[];
  readonly directory: string;
  readonly hasOwnFiles: boolean;
  /** From the stubs; undefined where no credential is replaced. */
  readonly stubs: Readonly<Record<string, string>> | undefined;
}

/** Whether a variable is set for which the proxy has a credential route by default. */
export function hasKnownCredential(environment: Variables): boolean {
  return [...CREDENTIAL_VARIABLES].some((name) => Boolean(environment[name]));
}

/**
 * The environment of a command: what may pass, what the sandbox and the proxy need, and what was named.
 *
 * @throws PaudeError `command-line-invalid` for a named variable that holds a credential.
 */
export function commandEnvironment(request: EnvironmentRequest): Record<string, string> {
  const { outside, named, directory, hasOwnFiles, stubs } = request;
  return {
    ...passedVariables(outside),
    ...(hasOwnFiles ? (SANDBOX_VARIABLES as Record<string, string>) : {}),
    PWD: directory,
    ...(stubs ?? proxyEnvironment()),
    ...Object.fromEntries(named.flatMap((word) => namedVariable(word, outside))),
  };
}

function proxyEnvironment(): Record<string, string> {
  return {
    ...proxyVariables({ url: PROXY_URL, host: HOST, port: PROXY_PORT }),
    JAVA_TOOL_OPTIONS: javaProxyOptions(HOST, PROXY_PORT),
  };
}

function namedVariable(word: string, outside: Variables): readonly (readonly [string, string])[] {
  const [, name = '', value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === '') {
    throw commandLineError({
      action: 'pass the variable',
      input: word.split('=')[0],
      why: 'it is no name of a variable',
      remedy: 'Write --env NAME, or --env NAME=VALUE',
    });
  }
  if (value !== undefined) return [[name, value]];
  if (CREDENTIAL_VARIABLES.has(name)) {
    throw commandLineError({
      action: 'pass the variable',
      input: name,
      why: 'it holds a credential, which the proxy puts on requests while the command has a stub',
      remedy: 'Leave the flag out',
    });
  }
  const passed = outside[name];
  return passed === undefined ? [] : [[name, passed]];
}
