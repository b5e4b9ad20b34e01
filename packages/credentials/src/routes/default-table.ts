import type { WrittenRoute } from './schema.ts';

/** Where a default route may find its secret. */
export type DefaultSource =
  /** The variable holds the secret. */
  | { readonly env: string }
  /** The variable holds the path of the file with the secret. */
  | { readonly fileIn: string };

/** A route that is there when one of its variables is set. */
export interface DefaultRoute {
  /** One line: what it is for. */
  readonly why: string;
  /** The first whose variable is set. */
  readonly sources: readonly DefaultSource[];
  readonly route: Omit<WrittenRoute, 'from'>;
  /** A variable with the path of the file for rotated tokens. */
  readonly stateFileIn?: string;
}

/**
 * What the established proxy image calls its variables, and what the clients themselves do. As there a subscription goes
 * before a key that is paid by use.
 */
export const DEFAULT_ROUTES: readonly DefaultRoute[] = [
  {
    why: 'Anthropic API with an API key',
    sources: [{ env: 'ANTHROPIC_API_KEY' }],
    route: {
      name: 'anthropic',
      inject: { type: 'header', name: 'x-api-key' },
      hosts: ['api.anthropic.com'],
      order: 3,
    },
  },
  {
    why: 'Claude subscription with a token that lasts a year (claude setup-token)',
    sources: [{ env: 'CLAUDE_CODE_OAUTH_TOKEN' }],
    route: {
      name: 'claude-token',
      inject: { type: 'bearer' },
      hosts: ['api.anthropic.com'],
      otherPlaces: [{ header: 'x-api-key' }],
      order: 2,
    },
  },
  {
    why: 'Claude subscription with the login of Claude Code (.credentials.json)',
    sources: [{ fileIn: 'ANTHROPIC_OAUTH_CREDS_FILE' }, { fileIn: 'CLAUDE_AUTH_FILE' }],
    stateFileIn: 'PAUDE_PROXY_CLAUDE_AUTH_STATE_FILE',
    route: {
      name: 'claude',
      inject: { type: 'oauth-refresh', provider: 'claude' },
      hosts: ['api.anthropic.com'],
      order: 1,
    },
  },
  {
    why: 'OpenAI API with an API key',
    sources: [{ env: 'OPENAI_API_KEY' }],
    route: { name: 'openai', inject: { type: 'bearer' }, hosts: ['api.openai.com'] },
  },
  {
    why: 'ChatGPT plan with the login of Codex (auth.json); only what Codex asks for',
    sources: [{ fileIn: 'CHATGPT_AUTH_FILE' }],
    stateFileIn: 'PAUDE_PROXY_CHATGPT_AUTH_STATE_FILE',
    route: {
      name: 'chatgpt',
      inject: { type: 'oauth-refresh', provider: 'codex' },
      hosts: ['chatgpt.com'],
      pathPrefix: '/backend-api/codex',
    },
  },
  {
    why: 'Cursor command line, whose services take a token that is got for the API key',
    sources: [{ env: 'CURSOR_API_KEY' }],
    route: {
      name: 'cursor',
      inject: { type: 'oauth-refresh', provider: 'cursor' },
      hosts: ['.cursor.sh'],
    },
  },
  {
    why: 'Cursor web API with an API key',
    sources: [{ env: 'CURSOR_API_KEY' }],
    route: { name: 'cursor-api', inject: { type: 'bearer' }, hosts: ['api.cursor.com'] },
  },
  {
    why: 'GitHub API, and upload of release files',
    sources: [{ env: 'GH_TOKEN' }, { env: 'GITHUB_TOKEN' }],
    route: {
      name: 'github',
      inject: { type: 'bearer' },
      hosts: ['api.github.com', 'uploads.github.com'],
    },
  },
  {
    why: 'git over HTTPS, also LFS: GitHub takes a token as the password of x-access-token',
    sources: [{ env: 'GH_TOKEN' }, { env: 'GITHUB_TOKEN' }],
    route: {
      name: 'github-git',
      inject: { type: 'basic', username: 'x-access-token' },
      hosts: ['github.com'],
    },
  },
  {
    why: 'raw files and archives of private repositories',
    sources: [{ env: 'GH_TOKEN' }, { env: 'GITHUB_TOKEN' }],
    route: {
      name: 'github-files',
      inject: { type: 'bearer' },
      hosts: ['raw.githubusercontent.com', 'codeload.github.com'],
    },
  },
  {
    why: 'Gemini API with an API key',
    sources: [{ env: 'GEMINI_API_KEY' }, { env: 'GOOGLE_API_KEY' }],
    route: {
      name: 'gemini',
      inject: { type: 'header', name: 'x-goog-api-key' },
      otherPlaces: [{ header: 'authorization' }, { query: 'key' }, { query: 'access_token' }],
      hosts: ['generativelanguage.googleapis.com'],
    },
  },
  {
    why: 'Vertex AI and what its clients look up, with Google credentials; not every Google API',
    sources: [{ env: 'GCP_ADC_JSON' }, { fileIn: 'GOOGLE_APPLICATION_CREDENTIALS' }],
    route: {
      name: 'google',
      inject: { type: 'gcp-adc' },
      hosts: [
        'aiplatform.googleapis.com',
        '*-aiplatform.googleapis.com',
        'aiplatform.*.rep.googleapis.com',
        'cloudcode-pa.googleapis.com',
        'cloudresourcemanager.googleapis.com',
        'serviceusage.googleapis.com',
      ],
    },
  },
];
