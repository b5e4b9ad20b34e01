/** Endpoints of a service at which a real credential would come into the hands of the session. */
export interface ClosedEndpoint {
  /** Compared with the host. */
  readonly hosts: RegExp;
  /** Compared with the path in lower case, and with the path and `?action=…` where the query has an `Action`. */
  readonly paths: RegExp;
  /** `write`: whatever is not plainly a read. */
  readonly methods: 'any' | 'write';
  /** What they would do, to follow "this endpoint". */
  readonly why: string;
}

const ANTHROPIC = /(?:^|\.)(?:anthropic\.com|claude\.com|claude\.ai)$/;
const OPENAI = /(?:^|\.)openai\.com$/;
const GITHUB = /(?:^|\.)(?:github\.com|ghe\.com)$/;
const GOOGLE = /(?:^|\.)(?:googleapis\.com|[a-z\d-]+\.goog)$/;
const GOOGLE_IAM = /(?:^|[.-])iam\.(?:.+\.)?(?:googleapis\.com|goog)$/;
const CURSOR = /(?:^|\.)cursor\.(?:com|sh)$/;
const AWS_IDENTITY =
  /(?:^|\.)(?:sts|iam|sso|oidc|signin|rolesanywhere|cognito-identity|codeartifact|api\.ecr|api\.ecr-public|eks-auth)(?:-fips)?\.(?:.+\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;

/**
 * Where services make credentials, give them out, or let the caller add one of its own to an account. A session that gets
 * one of these no longer needs the proxy, and whoever it sends it to does not either.
 */
export const CLOSED_ENDPOINTS: readonly ClosedEndpoint[] = [
  { hosts: ANTHROPIC, paths: /\/create_api_key$/, methods: 'any', why: 'makes API keys' },
  {
    hosts: ANTHROPIC,
    paths: /^\/v1\/organizations(?:\/|$)/,
    methods: 'write',
    why: 'administers the organization, its members and its API keys',
  },
  {
    hosts: OPENAI,
    paths: /^\/v1\/(?:organization|projects)(?:\/|$)/,
    methods: 'write',
    why: 'administers the organization, its members and its API keys',
  },
  { hosts: OPENAI, paths: /^\/(?:v1\/)?dashboard(?:\/|$)/, methods: 'write', why: 'makes API keys' },
  {
    hosts: OPENAI,
    paths:
      /^\/v1\/(?:realtime\/(?:.+\/)?(?:client_secrets|sessions|transcription_sessions)|chatkit\/sessions)$/,
    methods: 'write',
    why: 'gives out keys for browsers',
  },
  {
    hosts: GITHUB,
    paths:
      /^(?:\/api\/v3)?\/(?:user|repos\/[^/]+\/[^/]+|repositories\/\d+)\/(?:keys|ssh_signing_keys|gpg_keys)$/,
    methods: 'write',
    why: 'lets whoever has another key in',
  },
  {
    hosts: GITHUB,
    paths: /\/actions\/runners\/(?:registration-token|remove-token|generate-jitconfig)$/,
    methods: 'any',
    why: 'gives out the tokens with which a runner joins',
  },
  {
    hosts: GITHUB,
    paths:
      /^(?:\/api\/v3)?\/(?:app\/installations\/[^/]+\/access_tokens|applications\/[^/]+\/token(?:\/scoped)?|app-manifests\/[^/]+\/conversions)$/,
    methods: 'any',
    why: 'gives out tokens of an app',
  },
  {
    hosts: GOOGLE,
    paths:
      /[/:](?:generateaccesstoken|generateidtoken|generatelogintoken|generatecredentials|sign(?:blob|jwt))$/,
    methods: 'any',
    why: 'gives out tokens, or signs for an account',
  },
  {
    hosts: GOOGLE,
    paths: /[/:]setiampolicy$/,
    methods: 'any',
    why: 'gives rights to any account',
  },
  {
    hosts: GOOGLE,
    paths: /^\/batch(?:\/|$)/,
    methods: 'any',
    why: 'takes requests inside a request, which cannot be told apart',
  },
  {
    hosts: GOOGLE_IAM,
    paths:
      /\/(?:keys|keys:upload|credentials|tokens|providers|providers\/[^/]+)$|\/(?:create|upload|patch)\w*(?:key|credential|token|provider)$|\/update\w*provider$/,
    methods: 'write',
    why: 'makes keys that last, or trusts another issuer',
  },
  {
    hosts: /^apikeys\.(?:.+\.)?(?:googleapis\.com|goog)$/,
    paths: /^/,
    methods: 'any',
    why: 'makes API keys and shows them',
  },
  {
    hosts: GOOGLE,
    paths: /\/hmackeys$|\/createhmackey$|\?action=createaccesskey$/,
    methods: 'write',
    why: 'makes keys that last',
  },
  {
    hosts: CURSOR,
    paths: /\/create\w*(?:apikey|serviceaccount)\w*$|\/api-?keys$/,
    methods: 'write',
    why: 'makes API keys',
  },
  { hosts: AWS_IDENTITY, paths: /^/, methods: 'any', why: 'gives out credentials' },
];
