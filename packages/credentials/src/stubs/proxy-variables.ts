/** Hosts that are reached without the proxy: the session itself. */
const NO_PROXY = 'localhost,127.0.0.1,::1';

/** Where a session reaches its proxy. */
export interface ProxyPlace {
  /** `http://HOST:PORT`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** The variables that make programs use the proxy, for as long as they trust what is behind it anyway; in a fixed order. */
export function proxyVariables({ url, host, port }: ProxyPlace): Record<string, string> {
  return {
    ...both('http_proxy', url),
    ...both('https_proxy', url),
    ...both('all_proxy', url),
    ...both('no_proxy', NO_PROXY),
    // Node 24, and 22 from 22.21 on, take the proxy from the variables above only when told to.
    NODE_USE_ENV_PROXY: '1',
    npm_config_proxy: url,
    npm_config_https_proxy: url,
    CARGO_HTTP_PROXY: url,
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: host,
    CLOUDSDK_PROXY_PORT: String(port),
    // gcloud would look for a metadata server past the proxy, and wait for it.
    CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
  };
}

/** The proxy for a JVM, as options. */
export function javaProxyOptions(host: string, port: number): string {
  return ['http', 'https']
    .flatMap((scheme) => [`-D${scheme}.proxyHost=${host}`, `-D${scheme}.proxyPort=${port}`])
    .join(' ');
}

/** Some programs read the one spelling, some the other. */
function both(name: string, value: string): Record<string, string> {
  return { [name.toUpperCase()]: value, [name]: value };
}
