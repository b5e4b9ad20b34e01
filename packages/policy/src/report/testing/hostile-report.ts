import { parseHost, parseWords } from '@paude/allowlist';
import { type AuditReport, auditPolicy } from '../../audit/audit-policy.ts';
import { explainHost, type HostExplanation } from '../../audit/explain-host.ts';
import { diffSources, type PolicyDiff } from '../../diff/diff-sources.ts';
import type { EnforcementLayer, Source } from '../../diff/source.ts';
import { seen, usageOf } from '../../diff/testing/usage.ts';

/** What the owner of a cluster or a log might call things to get at who reads a report. */
const HOSTILE: readonly string[] = [
  'NetworkPolicy/a|b',
  'NetworkPolicy/a\\|b',
  'NetworkPolicy/`x`|`',
  'NetworkPolicy/<img src=x onerror=alert(1)>',
  'NetworkPolicy/@everyone',
  'NetworkPolicy/[click](https://evil.example)',
  'NetworkPolicy/https://evil.example/?q=#1',
  'NetworkPolicy/www.evil.example',
  'NetworkPolicy/\u001b]0;owned\u0007\u001b[2J',
  'NetworkPolicy/a\nb\r\n| c |',
  'NetworkPolicy/\u202egnp.exe',
  'NetworkPolicy/# heading',
  'NetworkPolicy/{0} {{1}}',
  'NetworkPolicy/\ud800',
];

const layers: EnforcementLayer[] = [
  {
    kind: 'NetworkPolicy',
    pods: 'proxy',
    objects: HOSTILE,
    evaluate: () => 'allow',
    lifted: {
      allowlist: parseWords([]),
      isFailOpen: false,
      weaknesses: HOSTILE.map((object) => ({
        code: 'network-policy-opened-by-other',
        severity: 'error' as const,
        object,
        message: `it opens ${object}`,
        remedy: `Remove ${object}`,
      })),
    },
  },
  {
    kind: 'CiliumNetworkPolicy',
    pods: 'proxy',
    objects: ['CiliumNetworkPolicy/@team|x'],
    evaluate: () => 'unknown',
    lifted: {
      allowlist: parseWords(['a.com', '.b.com'], { source: { file: 'CiliumNetworkPolicy/@team|x' } }),
      isFailOpen: false,
      weaknesses: [],
    },
  },
];

const from: Source = {
  name: 'file:allow|list.yaml',
  kind: 'file',
  allowlist: parseWords(
    [
      'a.com:{80,443}',
      'old.com',
      '~^(?:x|y)\\.c\\.com$',
      '!z.b.com',
      '.b.com',
      '.d.com',
      '~^(?i:a)\\.a\\.com$',
    ],
    {
      source: { file: 'dir with space/allow|list.yaml', line: 3 },
    },
  ),
};

const to: Source = {
  name: 'cluster:https://user:hunter2@evil.example/@here',
  kind: 'cluster',
  allowlist: parseWords(['a.com:*', 'webhook.site', 'python', '.b.com', 'd.com'], {
    source: { file: 'ConfigMap/x', line: 7 },
  }),
  enforcement: {
    layers,
    missing: [{ object: 'NetworkPolicy/@gone', why: 'it should be in the namespace x' }],
  },
  running: {
    where: 'Pod/p',
    allowlist: parseWords(['a.com']),
    reloadFailure: 'https://u:hunter2@config.example said no',
  },
  usage: usageOf([
    seen('a.com', { allowed: 3, lastMs: 1000 }),
    seen('webhook.site', { refused: { 'not-listed': 2 }, lastMs: Number.NaN }),
  ]),
};

/** A diff with rows of every kind, and names that mean harm. */
export function hostileDiff(): PolicyDiff {
  return diffSources(from, to, { atMs: 0 });
}

/** The same as an audit. */
export function hostileAudit(): AuditReport {
  return auditPolicy({ allowed: from, enforced: to }, { atMs: 0 });
}

/** The same as an explanation. */
export function hostileExplanation(): HostExplanation {
  const { allowlist, enforcement, running } = to;
  return explainHost(
    { host: parseHost('a.com'), port: 443 },
    { atMs: 0, allowlist, enforcement, ...(running && { running: { ...running, where: '@here|<b>' } }) },
  );
}
