import { nearest, PaudeError } from '@paude/errors';
import { AGENT_ALIASES, ALIASES, type Alias } from './alias-table.ts';

/** The agent whose hosts `default` includes when none is named. */
export const DEFAULT_AGENT = 'claude';

/** One pattern of an alias, with the alias it stands in and why it is there. */
export interface AliasEntry {
  readonly word: string;
  readonly alias: string;
  readonly why: string;
}

/** Every alias name, `default` included, in the order of the table. */
export function aliasNames(): string[] {
  return ['default', ...ALIASES.keys()];
}

/** Whether a word names an alias; case does not matter. */
export function isAlias(word: string): boolean {
  const name = word.toLowerCase();
  return name === 'default' || ALIASES.has(name);
}

/**
 * The patterns of an alias in order, included aliases expanded, each word once.
 *
 * @throws PaudeError `alias-unknown`, or `agent-unknown` when `agent` is not an agent's alias.
 */
export function expandAlias(name: string, agent: string = DEFAULT_AGENT): AliasEntry[] {
  const entries = new Map<string, AliasEntry>();
  const visit = (aliasName: string): void => {
    const alias = findAlias(aliasName, agent);
    for (const included of alias.includes ?? []) visit(included);
    for (const { pattern, why } of alias.patterns) {
      if (!entries.has(pattern)) entries.set(pattern, { word: pattern, alias: aliasName, why });
    }
  };
  visit(name.toLowerCase());
  return [...entries.values()];
}

/**
 * An alias by its name: why it is there, what it includes and its own patterns.
 *
 * @throws PaudeError `alias-unknown` or `agent-unknown`.
 */
export function findAlias(name: string, agent: string = DEFAULT_AGENT): Alias {
  if (name === 'default') {
    return {
      why: `what a session needs from the start: Vertex AI, Python packages, GitHub, and ${agent}`,
      includes: ['vertexai', 'python', 'github', agentAlias(agent)],
      patterns: [],
    };
  }
  const alias = ALIASES.get(name);
  if (alias !== undefined) return alias;
  const meant = nearest(name, aliasNames());
  throw new PaudeError('alias-unknown', {
    action: 'find the alias',
    input: name,
    why: 'there is none of that name',
    remedy: `${meant === undefined ? 'Name' : `Did you mean ${meant}? If not, name`} one of ${aliasNames().join(', ')}`,
  });
}

function agentAlias(agent: string): string {
  const name = agent.toLowerCase();
  if (AGENT_ALIASES.includes(name)) return name;
  throw new PaudeError('agent-unknown', {
    action: 'find the agent',
    input: agent,
    why: 'there is no alias with its hosts',
    remedy: `Name one of ${AGENT_ALIASES.join(', ')}`,
  });
}
