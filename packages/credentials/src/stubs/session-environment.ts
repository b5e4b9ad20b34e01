import { STUB } from '../request/stub.ts';
import { type ProxyAddress, proxyText } from './proxy-address.ts';
import { javaProxyOptions, proxyVariables } from './proxy-variables.ts';
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
  const google = {
    GOOGLE_APPLICATION_CREDENTIALS: fileAt(STUB_FILES.google),
    // gcloud does not look at the file, and would ask for a login.
    CLOUDSDK_AUTH_ACCESS_TOKEN: STUB,
  };
  const bundle = fileAt(STUB_FILES.bundle);
  const settings = {
    ...proxyVariables({ url: proxyText(proxy), host: proxy.host, port: proxy.port }),
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

/** The trust store needs no password: it holds nothing secret, and Java checks one only when it is given. */
function javaOptions(trustStore: string, { host, port }: ProxyAddress): string {
  return [
    `-Djavax.net.ssl.trustStore=${javaWord(trustStore)}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
    javaProxyOptions(host, port),
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
