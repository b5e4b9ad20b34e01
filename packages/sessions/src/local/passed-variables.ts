/** A command's environment, or the part of one. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Variables that a command gets as they are outside: who and where one is, how the terminal shows things, what is where on
 * this machine, and which authorities are trusted. Everything else stays outside; `--env` names more.
 */
const PASSED_VARIABLES: readonly string[] = [
  'ANDROID_HOME',
  'CI',
  'CLICOLOR',
  'CLICOLOR_FORCE',
  'COLORFGBG',
  'COLORTERM',
  'COLUMNS',
  'CONDA_DEFAULT_ENV',
  'CONDA_PREFIX',
  'CURL_CA_BUNDLE',
  'EDITOR',
  'FORCE_COLOR',
  'GIT_AUTHOR_EMAIL',
  'GIT_AUTHOR_NAME',
  'GIT_COMMITTER_EMAIL',
  'GIT_COMMITTER_NAME',
  'GIT_SSL_CAINFO',
  'GOMODCACHE',
  'GOPATH',
  'GOPRIVATE',
  'GOPROXY',
  'GOROOT',
  'GOSUMDB',
  'GOTOOLCHAIN',
  'HOME',
  'HOSTNAME',
  'JAVA_HOME',
  'LANG',
  'LANGUAGE',
  'LESS',
  'LINES',
  'LOGNAME',
  'LS_COLORS',
  'MANPATH',
  'NIX_PATH',
  'NIX_SSL_CERT_FILE',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'NO_COLOR',
  'NVM_DIR',
  'PAGER',
  'PATH',
  'PIP_CERT',
  'PIP_INDEX_URL',
  'PWD',
  'PYENV_ROOT',
  'PYENV_VERSION',
  'REQUESTS_CA_BUNDLE',
  'RUSTUP_HOME',
  'SDKMAN_DIR',
  'SHELL',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'TERM',
  'TERM_PROGRAM',
  'TERM_PROGRAM_VERSION',
  'TERMINFO',
  'TERMINFO_DIRS',
  'TZ',
  'TZDIR',
  'USER',
  'UV_INDEX_URL',
  'VIRTUAL_ENV',
  'VISUAL',
  'XDG_CONFIG_DIRS',
  'XDG_CONFIG_HOME',
  'XDG_DATA_DIRS',
  'XDG_DATA_HOME',
  'npm_config_cafile',
  'npm_config_registry',
];

const PASSED_PREFIXES = ['LC_'];

/** Where a sandbox keeps what programs cache: its HOME cannot be written to. */
const CACHE = '/tmp/.cache';

/** Variables that a sandbox sets itself, because the places outside are not there. */
export const SANDBOX_VARIABLES: Variables = {
  TMPDIR: '/tmp',
  XDG_CACHE_HOME: CACHE,
  XDG_STATE_HOME: `${CACHE}/state`,
  npm_config_cache: `${CACHE}/npm`,
  npm_config_update_notifier: 'false',
};

/** What of an environment a command gets; URLs that hold a password are left out, whatever their variable. */
export function passedVariables(environment: Variables): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || hasPassword(value)) continue;
    if (PASSED_VARIABLES.includes(name) || PASSED_PREFIXES.some((prefix) => name.startsWith(prefix)))
      passed[name] = value;
  }
  return passed;
}

function hasPassword(value: string): boolean {
  return /:\/\/[^/@\s]*@/.test(value);
}
