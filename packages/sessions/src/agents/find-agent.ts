import { nearest, PaudeError } from '@paude/errors';
import type { Agent } from './agent.ts';
import { AGENTS } from './agent-table.ts';

/** The names of the agents, the default one first. */
export const AGENT_NAMES: readonly string[] = AGENTS.map(({ name }) => name);

/** @throws PaudeError `agent-unknown`. */
export function findAgent(name: string): Agent {
  const agent = AGENTS.find((candidate) => candidate.name === name);
  if (agent !== undefined) return agent;
  const meant = nearest(name, AGENT_NAMES);
  throw new PaudeError('agent-unknown', {
    action: 'run the agent',
    input: name,
    why: 'there is none of that name',
    remedy: meant === undefined ? `Use one of ${AGENT_NAMES.join(', ')}` : `Write ${meant}`,
  });
}

/**
 * The command line of an agent.
 *
 * @throws PaudeError `agent-asks` for one that cannot be told to act without asking.
 */
export function agentCommand(agent: Agent, { yolo }: { readonly yolo: boolean }): readonly string[] {
  const { name, command, yoloFlags } = agent;
  if (!yolo) return command;
  if (yoloFlags.length > 0 || name === 'shell') return [...command, ...yoloFlags];
  throw new PaudeError('agent-asks', {
    action: 'start the agent with --yolo',
    input: name,
    why: 'it has no flag to act without asking',
    remedy: 'Leave --yolo out',
  });
}
