import { type Host, tryParseHost } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';

/** Where a session reaches its proxy. */
export interface ProxyAddress {
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: Host;
  readonly port: number;
}

/**
 * Reads the URL of a proxy, `http://HOST:PORT`.
 *
 * @throws PaudeError `proxy-url-invalid`.
 */
export function parseProxyUrl(text: string): ProxyAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw invalid(text, 'it is no URL');
  if (url.username !== '' || url.password !== '') {
    // Not shown: it is a secret.
    throw invalid(undefined, 'it holds a user or a password, which every program of the session could read');
  }
  if (url.protocol !== 'http:') throw invalid(text, 'the proxy is spoken to over plain HTTP');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw invalid(text, 'something follows its host and port');
  }
  const port = /:(\d+)\/*$/.exec(text.trim())?.[1];
  // Without one, programs do not agree on which they take.
  if (port === undefined || Number(port) === 0) throw invalid(text, 'it names no port');
  const host = tryParseHost(url.hostname);
  if (typeof host !== 'string') throw invalid(text, 'its host is no name and no address');
  return { host, port: Number(port) };
}

/** As a URL. */
export function proxyText({ host, port }: ProxyAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function invalid(input: string | undefined, why: string): PaudeError {
  return new PaudeError('proxy-url-invalid', {
    action: 'use the proxy',
    input,
    why,
    remedy: 'Write it as in http://127.0.0.1:3128',
  });
}
