/** A named group of patterns. */
export interface Alias {
  /** One line: what it is for, and what to know before allowing it. */
  readonly why: string;
  /** Aliases whose patterns come first. */
  readonly includes?: readonly string[];
  readonly patterns: readonly AliasPattern[];
}

/** One pattern of an alias. */
export interface AliasPattern {
  /** A word; one that denies is left out when the alias is denied. */
  readonly pattern: string;
  /** One line: what of the service lives there. */
  readonly why: string;
}

/** Aliases of coding agents: what `default` takes its last part from. */
export const AGENT_ALIASES: readonly string[] = [
  'claude',
  'codex',
  'cursor',
  'gemini',
  'opencode',
  'openclaw',
];

/** The hosts that each agent talks to. Crash reporting at third parties, where anyone may have an account, is left out. */
const AGENTS: Readonly<Record<string, Alias>> = {
  claude: {
    why: 'Claude Code: the Anthropic API, sign-in and updates',
    patterns: [
      { pattern: 'api.anthropic.com', why: 'Anthropic API' },
      { pattern: 'claude.ai', why: 'sign-in with a Claude account' },
      { pattern: 'platform.claude.com', why: 'sign-in with a Console account' },
      { pattern: 'console.anthropic.com', why: 'sign-in with a Console account, older address' },
      { pattern: 'statsig.anthropic.com', why: 'feature flags' },
      { pattern: 'downloads.claude.ai', why: 'updates' },
    ],
  },
  codex: {
    why: 'Codex: the OpenAI API and sign-in with ChatGPT',
    includes: ['openai'],
    patterns: [
      { pattern: 'auth.openai.com', why: 'sign-in with a ChatGPT account' },
      { pattern: 'chatgpt.com', why: 'models on a ChatGPT plan' },
    ],
  },
  cursor: {
    why: 'Cursor: its API, sign-in, extensions and updates',
    patterns: [
      { pattern: '.cursor.sh', why: 'API and sign-in' },
      { pattern: '.cursorapi.com', why: 'extensions' },
      { pattern: '.cursor-cdn.com', why: 'static files' },
      { pattern: 'cursor.com', why: 'sign-in page' },
      { pattern: '*.cursor.com', why: 'downloads and updates' },
    ],
  },
  gemini: {
    why: 'Gemini CLI: the Gemini API and Code Assist, with sign-in',
    patterns: [
      { pattern: 'generativelanguage.googleapis.com', why: 'Gemini API' },
      { pattern: 'cloudcode-pa.googleapis.com', why: 'Gemini Code Assist' },
      { pattern: 'oauth2.googleapis.com', why: 'access tokens' },
      { pattern: 'accounts.google.com', why: 'sign-in with a Google account' },
    ],
  },
  opencode: {
    why: 'opencode: its own model service and the list of models; add your model provider',
    patterns: [
      { pattern: '.opencode.ai', why: 'model service, sign-in and updates' },
      { pattern: 'models.dev', why: 'list of models' },
    ],
  },
  openclaw: {
    why: 'OpenClaw: its site and skill registry, to which anyone may publish; add your model provider',
    patterns: [
      { pattern: '.openclaw.ai', why: 'site, documentation and installer' },
      { pattern: 'clawhub.ai', why: 'skill registry' },
    ],
  },
};

/** Services of model providers and code hosts. */
const SERVICES: Readonly<Record<string, Alias>> = {
  vertexai: {
    why: 'Vertex AI with Google Cloud credentials; not Cloud Storage, where anyone may own a bucket',
    patterns: [
      { pattern: 'aiplatform.googleapis.com', why: 'Vertex AI, global endpoint' },
      { pattern: '*-aiplatform.googleapis.com', why: 'Vertex AI, an endpoint for each region' },
      {
        pattern: 'aiplatform.*.rep.googleapis.com',
        why: 'Vertex AI, regional endpoints with data residency',
      },
      { pattern: 'oauth2.googleapis.com', why: 'access tokens' },
      { pattern: 'sts.googleapis.com', why: 'access tokens by workload identity federation' },
      {
        pattern: 'iamcredentials.googleapis.com',
        why: 'access tokens by impersonation of a service account',
      },
      { pattern: 'cloudresourcemanager.googleapis.com', why: 'look-up of the project' },
      { pattern: 'serviceusage.googleapis.com', why: 'check that the API is enabled' },
      { pattern: 'accounts.google.com', why: 'sign-in with a Google account' },
    ],
  },
  googleapis: {
    why: 'every Google API, also those where anyone can write to a place of their own: Cloud Storage, Drive, Pub/Sub',
    patterns: [{ pattern: '.googleapis.com', why: 'every Google API; vertexai is the narrow choice' }],
  },
  openai: {
    why: 'OpenAI API',
    patterns: [{ pattern: 'api.openai.com', why: 'OpenAI API' }],
  },
  github: {
    why: 'git, API, releases, raw files and packages of GitHub, where anyone may own a repository; not gists',
    patterns: [
      { pattern: 'github.com', why: 'git over HTTPS, web pages' },
      { pattern: 'api.github.com', why: 'REST and GraphQL API' },
      { pattern: 'codeload.github.com', why: 'archives of a revision' },
      { pattern: 'uploads.github.com', why: 'upload of release files' },
      { pattern: 'lfs.github.com', why: 'git LFS' },
      { pattern: 'github-cloud.s3.amazonaws.com', why: 'objects of git LFS' },
      { pattern: 'github-cloud.githubusercontent.com', why: 'objects of git LFS' },
      { pattern: 'media.githubusercontent.com', why: 'raw files from git LFS' },
      { pattern: 'raw.githubusercontent.com', why: 'raw files' },
      { pattern: 'objects.githubusercontent.com', why: 'release files' },
      { pattern: 'release-assets.githubusercontent.com', why: 'release files' },
      { pattern: 'github-releases.githubusercontent.com', why: 'release files, older address' },
      { pattern: 'ghcr.io', why: 'container images' },
      { pattern: 'pkg-containers.githubusercontent.com', why: 'layers of container images' },
      { pattern: '*.pkg.github.com', why: 'packages' },
    ],
  },
  gitlab: {
    why: 'git, API and packages of GitLab.com, where anyone may own a project',
    patterns: [
      { pattern: 'gitlab.com', why: 'git over HTTPS, API, packages, web pages' },
      { pattern: 'registry.gitlab.com', why: 'container images' },
    ],
  },
  huggingface: {
    why: 'models and data sets of Hugging Face, where anyone may own a repository',
    patterns: [
      { pattern: '.huggingface.co', why: 'API, git, inference' },
      { pattern: '.hf.co', why: 'large files' },
    ],
  },
};

/** Package registries. Publishing goes to the same domains as reading, so an account there is a way out. */
const REGISTRIES: Readonly<Record<string, Alias>> = {
  python: {
    why: 'Python packages (pip, uv)',
    patterns: [
      { pattern: '.pypi.org', why: 'package index; publishing, too' },
      { pattern: '.pythonhosted.org', why: 'package files' },
    ],
  },
  pypi: { why: 'another name for python', includes: ['python'], patterns: [] },
  nodejs: {
    why: 'JavaScript packages (npm, yarn, pnpm) and Node.js itself',
    patterns: [
      { pattern: '.npmjs.org', why: 'package registry; publishing, too' },
      { pattern: '.yarnpkg.com', why: 'package registry under its yarn name, yarn itself' },
      { pattern: '.nodejs.org', why: 'Node.js releases and headers' },
    ],
  },
  npm: { why: 'another name for nodejs', includes: ['nodejs'], patterns: [] },
  golang: {
    why: 'Go modules and tool chains; not Cloud Storage, to which a few large downloads are redirected',
    patterns: [
      { pattern: '.golang.org', why: 'module proxy, checksum database, vanity imports' },
      { pattern: '.go.dev', why: 'releases, documentation' },
    ],
  },
  rust: {
    why: 'Rust crates and tool chains',
    patterns: [
      { pattern: '.crates.io', why: 'crate index and files; publishing, too' },
      { pattern: '.rust-lang.org', why: 'tool chains' },
      { pattern: '.rustup.rs', why: 'rustup' },
    ],
  },
  maven: {
    why: 'Java packages (Maven Central)',
    patterns: [
      { pattern: '.maven.org', why: 'Maven Central' },
      { pattern: '.maven.apache.org', why: 'Maven Central under its Apache name' },
    ],
  },
  java: {
    why: 'Java packages and build tools',
    includes: ['maven'],
    patterns: [{ pattern: '.gradle.org', why: 'Gradle and its plugins' }],
  },
  ruby: {
    why: 'Ruby gems',
    patterns: [
      { pattern: '.rubygems.org', why: 'gems; publishing, too' },
      { pattern: '.ruby-lang.org', why: 'Ruby releases' },
    ],
  },
  docker: {
    why: 'container images of Docker Hub, where anyone may own a repository',
    patterns: [
      { pattern: '.docker.io', why: 'registry and its tokens' },
      { pattern: '.docker.com', why: 'layers, hub pages' },
    ],
  },
  debian: {
    why: 'Debian packages',
    patterns: [{ pattern: '.debian.org', why: 'mirrors, security updates' }],
  },
  ubuntu: {
    why: 'Ubuntu packages',
    patterns: [
      { pattern: '.ubuntu.com', why: 'mirrors, security updates' },
      { pattern: '!pastebin.ubuntu.com', why: 'anyone can post text there' },
    ],
  },
  fedora: {
    why: 'Fedora packages',
    patterns: [{ pattern: '.fedoraproject.org', why: 'mirror list, mirrors' }],
  },
  alpine: { why: 'Alpine packages', patterns: [{ pattern: '.alpinelinux.org', why: 'mirrors' }] },
};

/** Every alias but `default`. */
export const ALIASES: ReadonlyMap<string, Alias> = new Map(
  Object.entries({ ...SERVICES, ...REGISTRIES, ...AGENTS }),
);
