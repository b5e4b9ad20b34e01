import { STUB } from '../request/stub.ts';
import { type ProxyAddress, proxyText } from './proxy-address.ts';
import type { StubPlan } from './stub-plan.ts';

/** Names of the files that stubs consist of; they all stand in one directory. */
export const STUB_FILES = {
  shell: 'env.sh',
  environment: 'env',
  authority: 'ca.pem',
  bundle: 'ca-bundle.pem',
  javaTrust: 'truststore.p12',
  certifi: 'certifi.py',
  wget: 'wgetrc',
  google: 'application_default_credentials.json',
  claude: 'claude-credentials.json',
  codex: 'codex-auth.json',
} as const;

/** Hosts that are reached without the proxy: the session itself. */
const NO_PROXY = 'localhost,127.0.0.1,::1';

/** Variables whose file replaces the authorities that a program brings, so that it must hold all of them. */
const BUNDLE_VARIABLES = [
  // OpenSSL and what is made with it, Go, Ruby, Rust, .NET, httpx
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'HTTPLIB2_CA_CERTS',
  'npm_config_cafile',
  'CARGO_HTTP_CAINFO',
  'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'AWS_CA_BUNDLE',
  'DENO_CERT',
  'NIX_SSL_CERT_FILE',
  // Only adds to what Node brings; but what the bundle has besides, such as a company's own authority, Node lacks.
  'NODE_EXTRA_CA_CERTS',
] as const;

/** Where the session finds things. */
export interface SessionPlaces {
  /** The directory with the stubs, as the session sees it; absolute. */
  readonly directory: string;
  readonly proxy: ProxyAddress;
}

/** The variables that make programs use the proxy, trust its authority and find their stubs; in a fixed order. */
export function sessionEnvironment(
  { placeholders, hasGoogle }: StubPlan,
  { directory, proxy }: SessionPlaces,
): ReadonlyMap<string, string> {
  const fileAt = (name: string) => `${directory}/${name}`;
  const url = proxyText(proxy);
  const google = {
    GOOGLE_APPLICATION_CREDENTIALS: fileAt(STUB_FILES.google),
    // gcloud does not look at the file, and would ask for a login.
    CLOUDSDK_AUTH_ACCESS_TOKEN: STUB,
  };
  const bundle = fileAt(STUB_FILES.bundle);
  const settings = {
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
    CLOUDSDK_PROXY_ADDRESS: proxy.host,
    CLOUDSDK_PROXY_PORT: String(proxy.port),
    // gcloud would look for a metadata server past the proxy, and wait for it.
    CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
    JAVA_TOOL_OPTIONS: javaOptions(fileAt(STUB_FILES.javaTrust), proxy),
    WGETRC: fileAt(STUB_FILES.wget),
    // Programs that ask certifi for its file have no variable for it: they find ours in front of it.
    PYTHONPATH: directory,
    ...Object.fromEntries(BUNDLE_VARIABLES.map((name) => [name, bundle])),
    ...(hasGoogle ? google : {}),
  };
  // What makes the session safe and able to work comes last: a route cannot name one of these variables for its stub.
  return new Map([...placeholders, ...Object.entries(settings)]);
}

/** Some programs read the one spelling, some the other. */
function both(name: string, value: string): Record<string, string> {
  return { [name.toUpperCase()]: value, [name]: value };
}

/** The trust store needs no password: it holds nothing secret, and Java checks one only when it is given. */
function javaOptions(trustStore: string, { host, port }: ProxyAddress): string {
  return [
    `-Djavax.net.ssl.trustStore=${javaWord(trustStore)}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
    ...['http', 'https'].flatMap((scheme) => [
      `-D${scheme}.proxyHost=${host}`,
      `-D${scheme}.proxyPort=${port}`,
    ]),
  ].join(' ');
}

/** The JVM splits the variable at white space; quotes keep a word together, and nothing escapes a quote. */
function javaWord(text: string): string {
  if (!/[\s'"]/.test(text)) return text;
  return text
    .split(/(')/)
    .filter((part) => part !== '')
    .map((part) => (part === "'" ? `"'"` : `'${part}'`))
    .join('');
}
