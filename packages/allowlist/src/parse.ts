import { PaudeError } from '@paude/errors';
import { parseWord } from './parse-word.ts';
import { isPort, STANDARD_PORTS, sortedPorts } from './ports.ts';
import { type Allowlist, formatRule, type Rule, type RuleSource } from './rule.ts';

/** How words are to be read. */
export interface ParseOptions {
  /** The agent whose hosts `default` includes. @default 'claude' */
  readonly agent?: string | undefined;
  /** Ports beside 80 and 443 that rules without a port are for. @default [] */
  readonly extraPorts?: readonly number[] | undefined;
  /** Where the words come from. */
  readonly source?: Omit<RuleSource, 'word' | 'alias'> | undefined;
}

/**
 * Reads words into an allowlist, in order. No words give an allowlist that allows nothing.
 *
 * @throws PaudeError `pattern-invalid`, `expression-invalid`, `port-invalid` or `agent-unknown`.
 */
export function parseWords(words: readonly string[], options: ParseOptions = {}): Allowlist {
  const rules: Rule[] = [];
  for (const word of words) {
    const source = options.source === undefined ? { word } : { word, ...options.source };
    for (const rule of parseWord(word, { agent: options.agent, source })) rules.push(rule);
  }
  return { rules, defaultPorts: defaultPorts(options.extraPorts) };
}

/**
 * 80, 443 and the extra ports, sorted.
 *
 * @throws PaudeError `port-invalid`.
 */
export function defaultPorts(extraPorts: readonly number[] = []): readonly number[] {
  const wrong = extraPorts.find((port) => !isPort(port));
  if (wrong === undefined)
    return extraPorts.length === 0 ? STANDARD_PORTS : sortedPorts([...STANDARD_PORTS, ...extraPorts]);
  throw new PaudeError('port-invalid', {
    action: 'use the extra port',
    input: String(wrong),
    why: 'it is not a port (a number from 1 to 65535)',
    remedy: 'Name a port such as 8443',
  });
}

/** Several allowlists as one, in order. Rules without a port keep the default ports they were read with. */
export function mergeAllowlists(allowlists: readonly Allowlist[]): Allowlist {
  const [first, ...rest] = allowlists;
  if (first === undefined) return { rules: [], defaultPorts: STANDARD_PORTS };
  const same = rest.every(({ defaultPorts: ports }) => ports.join() === first.defaultPorts.join());
  if (same) return { rules: allowlists.flatMap(({ rules }) => rules), defaultPorts: first.defaultPorts };
  const rules = allowlists.flatMap((allowlist) =>
    allowlist.rules.map((rule) => {
      if (rule.ports !== 'default') return rule;
      const explicit = { ...rule, ports: allowlist.defaultPorts };
      return { ...explicit, text: formatRule(explicit) };
    }),
  );
  return { rules, defaultPorts: STANDARD_PORTS };
}
