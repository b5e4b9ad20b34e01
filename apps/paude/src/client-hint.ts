/** Where a proxy that has just started can be reached. */
export interface ProxyDoors {
  /** `host:port`, or the path of a Unix socket. */
  readonly listen: string;
  /** `host:port`, a path, or `off`. */
  readonly admin: string;
}

/** What a person at a terminal does next: how to point clients at the proxy, where to see what it blocked. */
export function clientHint({ listen, admin }: ProxyDoors): string {
  const url = urlOf(listen);
  const seen = urlOf(admin);
  const lines =
    url === undefined
      ? [`Clients reach it through the Unix socket ${listen}.`]
      : [
          'Point clients at it:',
          `  export http_proxy=${url} https_proxy=${url} HTTP_PROXY=${url} HTTPS_PROXY=${url}`,
          `  curl --proxy ${url} https://github.com`,
        ];
  if (seen !== undefined) lines.push(`What it has blocked: curl --noproxy '*' ${seen}/blocked`);
  return `${lines.join('\n')}\nStop it with Ctrl-C.\n`;
}

/** A URL by which a client on this machine reaches an address; undefined for a Unix socket, or none. */
function urlOf(address: string): string | undefined {
  const port = /:(\d+)$/.exec(address)?.[1];
  if (port === undefined) return undefined;
  const host = address.slice(0, -port.length - 1);
  return `http://${host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${port}`;
}
