import { z } from 'zod';

const time = z.iso.datetime().describe('RFC 3339, in UTC');

const whereSchema = z
  .strictObject({
    text: z.string().describe('for people: allow.yaml:7 (alias python), EgressFirewall/default'),
    file: z.string().optional(),
    line: z.int().min(1).optional(),
    object: z.string().optional().describe('KIND/NAME'),
    alias: z.string().optional(),
  })
  .describe('where something stands, as far as that is known');

const riskSchema = z
  .enum(['high', 'medium', 'low', 'none'])
  .describe('what it may cost: high is a way out, none makes nothing reachable');

const changeSchema = z
  .enum(['added', 'removed', 'widened', 'narrowed', 'unused', 'denied', 'unenforced', 'undecided'])
  .describe('how the second source differs from the first, or from what is true of it');

const rowSchema = z.strictObject({
  change: changeSchema,
  code: z
    .string()
    .regex(/^[a-z\d]+(?:-[a-z\d]+)*$/)
    .describe('what kind of difference it is, stable'),
  rule: z
    .string()
    .describe('the canonical rule; host:port for what was seen; empty for an object as a whole'),
  layer: z.string().describe('allowlist, proxy, usage, or a kind of object'),
  ports: z.array(z.int().min(1).max(65535)).describe('the ports at which a difference was seen'),
  everyOtherPort: z.boolean().describe('whether it holds at every port that no rule names, too'),
  risk: riskSchema,
  why: z.string().describe('one sentence; its wording may change'),
  remedy: z.string().optional(),
  from: whereSchema.optional(),
  to: whereSchema.optional(),
  witness: z.string().optional().describe('a target on which the two differ, host:port'),
  count: z.int().min(0).optional().describe('how often it was seen'),
  lastSeen: time.optional(),
});

const sourceSchema = z.strictObject({
  name: z.string().describe('as it was written'),
  kind: z.enum(['words', 'file', 'manifests', 'cluster', 'proxy', 'session', 'log', 'squid']),
});

const count = z.int().min(0);

const summarySchema = z.strictObject({
  counts: z.strictObject({
    added: count,
    removed: count,
    widened: count,
    narrowed: count,
    unused: count,
    denied: count,
    unenforced: count,
    undecided: count,
  }),
  risk: riskSchema,
});

const toolSchema = z.strictObject({ name: z.literal('paude'), version: z.string() });

/** What `paude policy diff --output json` writes. */
export const diffSchema = z
  .strictObject({
    document: z.literal('policy-diff'),
    version: z.literal(1).describe('of this form; new optional fields do not change it'),
    tool: toolSchema,
    from: sourceSchema,
    to: sourceSchema,
    same: z.boolean(),
    summary: summarySchema,
    differences: z.array(rowSchema).describe('the riskiest first'),
  })
  .describe('how two policies differ');

const verdictSchema = z.enum(['allow', 'deny', 'unknown']);
const podsSchema = z.enum(['workload', 'proxy']);

/** What `paude policy audit --output json` writes. */
export const auditSchema = z
  .strictObject({
    document: z.literal('policy-audit'),
    version: z.literal(1).describe('of this form; new optional fields do not change it'),
    tool: toolSchema,
    allowed: sourceSchema,
    enforced: sourceSchema,
    used: sourceSchema.optional(),
    same: z.boolean(),
    summary: summarySchema,
    rules: z.array(
      z.strictObject({
        rule: z.string(),
        effect: z.enum(['allow', 'deny']),
        where: whereSchema,
        risk: riskSchema,
        layers: z.array(
          z.strictObject({
            layer: z.string(),
            pods: podsSchema,
            verdict: z.enum(['passes', 'cuts', 'open', 'unknown']),
            objects: z.array(z.string()),
            witness: z.string().optional(),
          }),
        ),
        use: z.strictObject({ count, targets: count, lastSeen: time.optional() }).optional(),
      }),
    ),
    findings: z.array(rowSchema).describe('the riskiest first'),
  })
  .describe('what is allowed, what is enforced and what is used');

/** What `paude policy explain --output json` writes. */
export const explanationSchema = z
  .strictObject({
    document: z.literal('policy-explanation'),
    version: z.literal(1).describe('of this form; new optional fields do not change it'),
    tool: toolSchema,
    host: z.string(),
    port: z.int().min(1).max(65535),
    verdict: verdictSchema,
    why: z.string(),
    steps: z.array(
      z.strictObject({
        path: z.enum(['proxy', 'direct']),
        layer: z.string(),
        pods: podsSchema.optional(),
        verdict: verdictSchema,
        rule: z.string().optional(),
        where: whereSchema.optional(),
        why: z.string(),
        decides: z.boolean(),
      }),
    ),
  })
  .describe('which rule, which object and which layer decide about a host');
