/** An origin that a session can fetch from by itself. */
export interface PublicOrigin {
  /** Over HTTPS, without a user or a password: those of this machine stay here. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** The URL of a remote as a session can use it; undefined for one that it cannot. */
export function publicOrigin(remote: string): PublicOrigin | undefined {
  const short = /^(?:[\w.-]+@)?([\w.-]+\.[\w-]+):(?!\/\/)\/?(.+)$/.exec(remote);
  const [, host, path] = short ?? [];
  const url = URL.parse(host === undefined ? remote : `https://${host}/${path}`);
  if (url === null || !['https:', 'ssh:'].includes(url.protocol) || url.hostname === '') return undefined;
  const port = url.protocol === 'https:' && url.port !== '' ? Number(url.port) : 443;
  const place = port === 443 ? url.hostname : `${url.hostname}:${port}`;
  return { url: `https://${place}${url.pathname}`, host: url.hostname, port };
}
