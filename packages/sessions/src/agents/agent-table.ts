import type { Agent } from './agent.ts';

/** Where the session's code lies in its container. */
export const WORKSPACE = '/pvc/workspace';

const NODE_PACKAGES = ['nodejs', 'npm'];
const NOTHING = {
  packages: [],
  install: [],
  yoloFlags: [],
  environment: {},
  configPlaces: [],
  files: [],
  logins: {},
} as const;

/** The agents that a session can run. Their hosts are aliases of the allowlist, by the same names. */
export const AGENTS: readonly Agent[] = [
  {
    ...NOTHING,
    name: 'claude',
    title: 'Claude Code',
    packages: NODE_PACKAGES,
    install: ['npm install --global @anthropic-ai/claude-code'],
    command: ['claude'],
    yoloFlags: ['--dangerously-skip-permissions'],
    environment: { DISABLE_AUTOUPDATER: '1', DISABLE_TELEMETRY: '1', DISABLE_ERROR_REPORTING: '1' },
    configPlaces: ['.claude', '.claude.json'],
    files: [
      {
        path: '.claude.json',
        content: {
          hasCompletedOnboarding: true,
          theme: 'dark',
          projects: { [WORKSPACE]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
        },
      },
      { path: '.claude/settings.json', content: { skipDangerousModePermissionPrompt: true }, onlyYolo: true },
    ],
    logins: { 'claude-credentials.json': '.claude/.credentials.json' },
  },
  {
    ...NOTHING,
    name: 'codex',
    title: 'Codex',
    packages: NODE_PACKAGES,
    install: ['npm install --global @openai/codex'],
    command: ['codex'],
    yoloFlags: ['--dangerously-bypass-approvals-and-sandbox'],
    configPlaces: ['.codex'],
    files: [
      {
        path: '.codex/config.toml',
        content: `check_for_update_on_startup = false\n\n[projects."${WORKSPACE}"]\ntrust_level = "trusted"\n`,
      },
    ],
    logins: { 'codex-auth.json': '.codex/auth.json' },
  },
  {
    ...NOTHING,
    name: 'cursor',
    title: 'Cursor',
    packages: ['curl'],
    install: [
      'curl --fail --silent --show-error --location https://cursor.com/install | HOME=/opt/cursor bash',
      'ln -s /opt/cursor/.local/bin/cursor-agent /usr/local/bin/cursor-agent',
    ],
    command: ['cursor-agent'],
    yoloFlags: ['--force'],
    configPlaces: ['.cursor', '.config/cursor'],
  },
  {
    ...NOTHING,
    name: 'gemini',
    title: 'Gemini CLI',
    packages: NODE_PACKAGES,
    install: ['npm install --global @google/gemini-cli'],
    command: ['gemini'],
    yoloFlags: ['--yolo'],
    configPlaces: ['.gemini'],
    files: [
      {
        path: '.gemini/settings.json',
        content: {
          general: { disableAutoUpdate: true, disableUpdateNag: true },
          privacy: { usageStatisticsEnabled: false },
          security: { auth: { selectedType: 'gemini-api-key' } },
        },
      },
      { path: '.gemini/trustedFolders.json', content: { [WORKSPACE]: 'TRUST_FOLDER' } },
    ],
  },
  {
    ...NOTHING,
    name: 'opencode',
    title: 'opencode',
    packages: NODE_PACKAGES,
    install: ['npm install --global opencode-ai'],
    command: ['opencode'],
    yoloFlags: ['--auto'],
    configPlaces: ['.config/opencode', '.local/share/opencode'],
    files: [{ path: '.config/opencode/opencode.json', content: { autoupdate: false, share: 'disabled' } }],
  },
  {
    ...NOTHING,
    name: 'openclaw',
    title: 'OpenClaw',
    packages: NODE_PACKAGES,
    install: ['npm install --global openclaw'],
    command: ['openclaw', 'tui'],
    configPlaces: ['.openclaw'],
  },
  { ...NOTHING, name: 'shell', title: 'a shell', command: ['bash', '--login'] },
];
