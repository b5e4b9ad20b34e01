import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllowlistFile } from '@paude/allowlist';
import {
  type Diagnostic,
  type Emission,
  type EmitterKind,
  emitters,
  type Intent,
  renderYaml,
  sessionIntent,
} from '@paude/policy';
import { describe, expect, it } from 'vitest';

const FOLDER = join(import.meta.dirname, 'golden');
const ALLOWLISTS = readdirSync(join(FOLDER, 'allowlists')).sort();

const AT_MS = Date.parse('2030-06-01T00:00:00Z');

/** What each kind is made for: the platform that has it, and both address families. */
const PLATFORMS: Readonly<Record<EmitterKind, Intent['platform']>> = {
  NetworkPolicy: 'kubernetes',
  EgressFirewall: 'openshift',
  EgressNetworkPolicy: 'openshift',
  CiliumNetworkPolicy: 'cilium',
  ClusterNetworkPolicy: 'kubernetes',
  FQDNNetworkPolicy: 'gke',
  ApplicationNetworkPolicy: 'eks',
  AntreaNetworkPolicy: 'antrea',
  Istio: 'istio',
};

/** The whole of what an emitter made: its documents, and above them what it had to say. */
function document({ objects, diagnostics }: Emission): string {
  const head = diagnostics.map(line).join('\n');
  return objects.length === 0 ? `# ${head.replaceAll('\n', '\n# ')}\n` : renderYaml(objects, { head });
}

function line({ code, effect, severity, message, rule }: Diagnostic): string {
  return `${severity} ${effect} ${code}${rule === undefined ? '' : ` (${rule.text})`}: ${message}`;
}

describe.each(Object.entries(PLATFORMS))('golden documents of %s', (kind, platform) => {
  const emitter = emitters.get(kind as EmitterKind);
  const intent = sessionIntent('review', { namespace: 'agents', atMs: AT_MS, platform });

  it.each(ALLOWLISTS)('%s', async (file) => {
    const text = readFileSync(join(FOLDER, 'allowlists', file), 'utf8');
    const emission = emitter?.emit(parseAllowlistFile(text, { path: file }), intent);
    if (emission === undefined) throw new Error(`no emitter of ${kind}`);
    const path = join(FOLDER, 'objects', file.replace(/\.yaml$/, ''), `${kind}.yaml`);
    await expect(document(emission)).toMatchFileSnapshot(path);
  });
});

it('every golden document belongs to an allowlist that is there', () => {
  const folders = readdirSync(join(FOLDER, 'objects')).sort();
  expect(folders).toEqual(ALLOWLISTS.map((file) => file.replace(/\.yaml$/, '')).sort());
});
