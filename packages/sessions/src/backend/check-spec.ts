import { AGENT_ALIASES, parseWords } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import type { Secrets } from './backend.ts';

/** What the engine's own program looks at: a secret of that name would change what it does. */
const ENGINE_VARIABLES =
  /^(PATH|HOME|USER|TMPDIR|LD_.*|XDG_.*|CONTAINERS?_.*|DOCKER_.*|BUILDAH_.*|SSH_.*|.*_PROXY)$/i;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Settings of the proxy that make it this session's own, and no one's to change. */
const OWN_SETTINGS = [
  'PAUDE_PROXY_SESSION',
  'PAUDE_PROXY_LISTEN',
  'PAUDE_PROXY_ADMIN',
  'PAUDE_PROXY_ALLOWED_CLIENTS',
  'PAUDE_PROXY_ALLOWLIST',
  'PAUDE_PROXY_CA_DIR',
  'PAUDE_PROXY_CREDENTIAL_STATE',
  'PAUDE_PROXY_CREDENTIALS_CONFIG',
  'PAUDE_PROXY_CONFIG',
  'PAUDE_PROXY_LOG',
  'PAUDE_PROXY_LOG_FORMAT',
  'BLOCKED_LOG_PATH',
];

/**
 * Reads the words of an allowlist as the proxy will.
 *
 * @throws PaudeError, of `parseWords`.
 */
export function checkWords(words: readonly string[], agent: string): void {
  parseWords(words, { agent: AGENT_ALIASES.includes(agent) ? agent : undefined });
}

/** @throws PaudeError `secret-invalid`. */
export function checkSecrets({ variables, files }: Secrets): void {
  for (const name of [...variables.keys(), ...files.keys()]) {
    const why = !VARIABLE.test(name)
      ? 'it is no name of a variable'
      : ENGINE_VARIABLES.test(name)
        ? 'the container engine itself looks at it'
        : undefined;
    if (why !== undefined) {
      throw new PaudeError('secret-invalid', {
        action: 'hand over the credential',
        input: name,
        why,
        remedy: 'Give it another name, and a credential route that names it',
      });
    }
  }
}

/** @throws PaudeError `setting-invalid`. */
export function checkProxySettings(settings: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(settings)) {
    const isKnown = name.startsWith('PAUDE_PROXY_') || name === 'ALLOWED_OTEL_PORTS';
    if (isKnown && VARIABLE.test(name) && !OWN_SETTINGS.includes(name)) continue;
    throw new PaudeError('setting-invalid', {
      action: 'set for the proxy',
      input: name,
      why: isKnown ? 'the session sets it itself' : 'it is no setting of the proxy',
      remedy: 'See docs/proxy.md for the settings that there are',
    });
  }
}

/** @throws PaudeError `variable-invalid`. */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  const wrong = Object.entries(environment).find(
    ([name, value]) => !VARIABLE.test(name) || value.includes('\0'),
  );
  if (wrong === undefined) return;
  throw new PaudeError('variable-invalid', {
    action: 'set in the session',
    input: wrong[0],
    why: 'it is no variable that a program can have',
    remedy: 'Write letters, digits and underscores, a letter first',
  });
}
