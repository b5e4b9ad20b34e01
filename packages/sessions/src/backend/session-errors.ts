import { PaudeError } from '@paude/errors';

export function missingSession(action: string, name: string): PaudeError {
  return new PaudeError('session-missing', {
    action,
    input: name,
    why: 'there is no such session',
    remedy: 'See which there are with paude list',
  });
}

export function existingSession(name: string): PaudeError {
  return new PaudeError('session-exists', {
    action: 'create the session',
    input: name,
    why: 'there is one already',
    remedy: `Start it with paude start ${name}, or choose another name`,
  });
}

export function stoppedSession(action: string, name: string): PaudeError {
  return new PaudeError('session-not-running', {
    action,
    input: name,
    why: 'the session does not run',
    remedy: `Start it with paude start ${name}`,
  });
}

/** @param why A clause, as `Session.problem` has it. */
export function brokenSession(action: string, name: string, why: string): PaudeError {
  return new PaudeError('session-broken', {
    action,
    input: name,
    why,
    remedy: `Make it whole with paude create ${name}, which keeps its volume, or remove it with paude delete ${name}`,
  });
}
