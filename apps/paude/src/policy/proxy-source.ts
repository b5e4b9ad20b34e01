import { readFile } from 'node:fs/promises';
import { type Allowlist, parseWords, type Rule } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { z } from 'zod';

/** What a running proxy says of its rules. */
export interface ProxyState {
  readonly allowlist: Allowlist;
  /** When it read them, milliseconds since 1970. */
  readonly readMs: number;
  /** Why it could not read them again, when it could not. */
  readonly reloadFailure?: string | undefined;
  /** Whether it lets everything pass. */
  readonly reportOnly: boolean;
}

const TIMEOUT_MS = 10_000;

const ruleSchema = z.object({
  rule: z.string(),
  tls: z.enum(['sni', 'any']),
  alias: z.string().optional(),
  file: z.string().optional(),
  line: z.number().optional(),
  reason: z.string().optional(),
  expires: z.string().optional(),
});

const policySchema = z.object({
  rules: z.array(ruleSchema),
  defaultPorts: z.array(z.number()),
  reportOnly: z.boolean(),
  loadedAt: z.string(),
  lastFailure: z.string().optional(),
});

/**
 * Asks a running proxy, by its admin port, for the rules that are in force.
 *
 * @param options.tokenFile Holds the admin token, which callers that are not on loopback need.
 * @throws PaudeError `proxy-unreachable`, `proxy-forbidden`, `proxy-answer-invalid`.
 */
export async function readProxy(
  url: URL,
  options: { readonly tokenFile?: string | undefined } = {},
): Promise<ProxyState> {
  const token = options.tokenFile === undefined ? undefined : (await readToken(options.tokenFile)).trim();
  const answer = await ask(new URL('/policy', url), token);
  const parsed = policySchema.safeParse(answer);
  if (!parsed.success)
    throw proxyError('proxy-answer-invalid', url, 'it is not what a paude proxy answers', parsed.error);
  const { rules, defaultPorts, reportOnly, loadedAt, lastFailure } = parsed.data;
  return {
    allowlist: { rules: rules.flatMap((rule) => asRules(rule, url)), defaultPorts },
    readMs: Date.parse(loadedAt),
    reloadFailure: lastFailure,
    reportOnly,
  };
}

async function readToken(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PaudeError('token-unreadable', {
      action: 'read the admin token',
      input: path,
      why: code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`,
      remedy: 'Name the file that --admin-token-file of the proxy names',
      cause: error,
    });
  }
}

async function ask(url: URL, token: string | undefined): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const { cause } = error as Error;
    const { code = 'no answer' } = (cause ?? {}) as NodeJS.ErrnoException;
    throw proxyError('proxy-unreachable', url, `nothing answers there (${code})`, error);
  }
  if (response.status === 403)
    throw proxyError('proxy-forbidden', url, 'it answers only callers on loopback, or with its token');
  if (!response.ok) throw proxyError('proxy-answer-invalid', url, `it answers ${response.status}`);
  try {
    return await response.json();
  } catch (error) {
    throw proxyError('proxy-answer-invalid', url, 'its answer is no JSON', error);
  }
}

const REMEDIES = {
  'proxy-unreachable':
    'Name the address of its admin port (--admin of paude proxy), as in proxy:http://127.0.0.1:9128',
  'proxy-forbidden': 'Name the file with the token: --admin-token-file FILE',
  'proxy-answer-invalid': 'Name the admin port of a paude proxy, as in proxy:http://127.0.0.1:9128',
} as const;

function proxyError(code: keyof typeof REMEDIES, { origin }: URL, why: string, cause?: unknown): PaudeError {
  return new PaudeError(code, { action: 'ask the proxy', input: origin, why, remedy: REMEDIES[code], cause });
}

/** The canonical word of a rule parses to the rule again; what else it says stands beside it. */
function asRules(written: z.infer<typeof ruleSchema>, url: URL): Rule[] {
  const { rule, tls, alias, file, line, reason, expires } = written;
  return parseWords([rule]).rules.map((parsed) => ({
    ...parsed,
    tls,
    ...(reason === undefined ? {} : { reason }),
    ...(expires === undefined ? {} : { expiresAtMs: Date.parse(expires) }),
    source: {
      word: rule,
      file: file ?? url.origin,
      ...(alias === undefined ? {} : { alias }),
      ...(line === undefined ? {} : { line }),
    },
  }));
}
