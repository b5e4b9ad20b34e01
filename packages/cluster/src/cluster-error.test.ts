import { describe, expect, it } from 'vitest';
import { AnswerFailure, readStatus } from './answer-failure.ts';
import { clusterError } from './cluster-error.ts';

const attempted = {
  action: 'apply the Deployment',
  input: 'team-a/paude',
  verb: 'patch',
  resource: 'deployments.apps',
  kind: 'Deployment',
  namespace: 'team-a',
  server: 'https://cluster.test:6443',
};

/** A refusal as the API server sends it. */
const refusal = (code: number, status: Readonly<Record<string, unknown>> = {}) =>
  new AnswerFailure(readStatus(code, { kind: 'Status', ...status }));

const quota =
  'pods "paude" is forbidden: exceeded quota: small, requested: cpu=4, used: cpu=1, limited: cpu=2';
const terminating =
  'deployments.apps "paude" is forbidden: unable to create new content in namespace team-a because it is being terminated';

const table: readonly (readonly [what: string, error: unknown, code: string, why: string])[] = [
  ['a quota', refusal(403, { message: quota }), 'cluster-quota-exceeded', quota],
  [
    'a namespace that is going',
    refusal(403, { message: terminating }),
    'cluster-admission-refused',
    terminating,
  ],
  ['a bare 403 of a proxy', refusal(403), 'cluster-forbidden', 'the user may not patch deployments.apps'],
  ['an object that changed', refusal(409, { reason: 'Conflict' }), 'cluster-conflict', 'somebody else'],
  ['too many requests', refusal(429), 'cluster-busy', 'too busy'],
  ['a server that starts', refusal(503), 'cluster-busy', 'not ready'],
  ['a server that ran out of time', refusal(504), 'cluster-timeout', 'ran out of time'],
  ['an object that is too large', refusal(413), 'cluster-object-invalid', 'larger than the server takes'],
  ['what is no API server', refusal(302), 'cluster-failed', 'answers HTTP 302'],
  [
    'a name that nobody knows',
    nodeError('ENOTFOUND'),
    'cluster-unreachable',
    'cannot be reached (ENOTFOUND)',
  ],
  [
    'a certificate that ran out',
    nodeError('CERT_HAS_EXPIRED'),
    'cluster-tls-failed',
    'not trusted (CERT_HAS_EXPIRED)',
  ],
  ['no TLS there', nodeError('EPROTO'), 'cluster-tls-failed', 'not trusted (EPROTO)'],
  ['something new', new TypeError('what is this'), 'cluster-failed', 'what is this'],
];

function nodeError(code: string): Error {
  return Object.assign(new Error('it failed'), { code });
}

describe('clusterError()', () => {
  it.each(table)('translates %s', (_what, error, code, why) => {
    const translated = clusterError(error, attempted);
    expect(translated).toMatchObject({ code, why: expect.stringContaining(why), input: 'team-a/paude' });
    expect(translated.message).toMatch(/^Cannot apply the Deployment "team-a\/paude": .+[^.]\. .+\.$/);
  });

  it('passes on what is translated already', () => {
    const once = clusterError(refusal(401), attempted);
    expect(clusterError(once, attempted)).toBe(once);
  });

  it('shows of what the server says nothing that could drive a terminal, and not all of it', () => {
    const causes = Array.from({ length: 12 }, (_, index) => ({
      field: `f${index}`,
      message: '\u001b[31mred\nline',
    }));
    const { why } = clusterError(refusal(422, { details: { causes } }), attempted);
    expect(why).toContain('f7:  [31mred line; and 4 more');
    expect(why).not.toMatch(/\p{Cc}|f8/u);
    expect(clusterError(refusal(400, { message: 'x'.repeat(5_000) }), attempted).why.length).toBeLessThan(
      700,
    );
  });

  it('names the managers of all fields that are claimed', () => {
    const claim = (field: string, manager: string) => ({
      reason: 'FieldManagerConflict',
      field,
      message: `conflict with "${manager}"`,
    });
    const causes = [claim('.spec.replicas', 'hpa'), claim('.spec.template', 'argocd')];
    const { code, why } = clusterError(refusal(409, { reason: 'Conflict', details: { causes } }), attempted);
    expect(code).toBe('cluster-conflict');
    expect(why).toContain('spec.replicas (conflict with "hpa"); spec.template (conflict with "argocd")');
  });
});
