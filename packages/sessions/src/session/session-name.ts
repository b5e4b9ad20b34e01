import { PaudeError } from '@paude/errors';

/** With `paude-proxy-` in front it is a label of a Kubernetes object, with room for what StatefulSets add (63 - 17). */
const MAX_LENGTH = 46;

/**
 * A session's name as backends can use it: a DNS label (RFC 1035: a letter first) of at most 46 characters.
 *
 * @throws PaudeError `session-name-invalid`.
 */
export function parseSessionName(name: string): string {
  const why = fault(name);
  if (why === undefined) return name;
  const near = sessionNameFrom(name);
  throw new PaudeError('session-name-invalid', {
    action: 'name a session',
    input: name,
    why,
    remedy: near === 'session' || fault(near) !== undefined ? 'Write it as in my-project' : `Write ${near}`,
  });
}

/** The nearest name that a session can have: `My Project` gives `my-project`; `session` where nothing is left. */
export function sessionNameFrom(text: string): string {
  const name = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/-+$/, '');
  return name === '' ? 'session' : name;
}

function fault(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > MAX_LENGTH) return `it has ${name.length} characters, and ${MAX_LENGTH} is the most`;
  if (!/^[a-z]/.test(name)) return 'it does not begin with a small letter';
  if (name.endsWith('-')) return 'it ends with a hyphen';
  if (!/^[a-z0-9-]+$/.test(name)) return 'it may have small letters, digits and hyphens only';
  if (name.startsWith('proxy-') || name.startsWith('outer-'))
    return `paude-${name} would be the ${name.slice(0, 5)} of another session`;
  return undefined;
}
