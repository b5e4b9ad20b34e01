import { parseHost } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { parseAuthority, type Target } from '@paude/proxy';

const DEFAULT_PORT = 443;

/**
 * Reads a target as a person writes it: `HOST`, `HOST:PORT`, or a URL to copy from a browser.
 *
 * @throws PaudeError `target-invalid`.
 */
export function parseTarget(text: string): Target {
  const url = text.includes('://') ? URL.parse(text) : null;
  if (url !== null) {
    const port = url.port === '' ? (url.protocol === 'http:' ? 80 : DEFAULT_PORT) : Number(url.port);
    return { host: parseHost(url.hostname.replace(/^\[|\]$/g, '')), port };
  }
  const target = parseAuthority(text, DEFAULT_PORT);
  if ('host' in target) return target;
  throw new PaudeError('target-invalid', {
    action: 'read the target',
    input: text,
    why: target.why,
    remedy: 'Write it as in api.example.com, api.example.com:8443 or https://api.example.com',
  });
}
