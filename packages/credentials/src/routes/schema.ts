import { z } from 'zod';
import { secretFault } from '../secrets/secret-source.ts';

/** RFC 9110 section 5.6.2: what a field name is made of. */
const fieldName = z.string().regex(/^[!#$%&'*+.^_`|~\w-]{1,64}$/);
/** How tokens begin. What looks like one is refused before a message could show it as a name. */
const TOKEN = /^(?:gh[a-z]_|github_pat_|gl[a-z]+-|sk[-_]|pk_|AKIA|ASIA|AIza|ya29|xox|eyJ)/;
const variableName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z_]\w*$/)
  .refine((text) => !TOKEN.test(text));
const hostWord = z
  .string()
  .max(1000)
  .refine((text) => !TOKEN.test(text) || (text.includes('.') && !/^(?:ya29|eyJ)/.test(text)));
const filePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*$/);
/** Refresh tokens go there: in the clear only to this machine itself, and with no password in the URL. */
const tokenEndpoint = z.string().max(2048).refine(isTokenEndpoint);
/** RFC 6749 section 3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/);
const stub = z
  .string()
  .min(8)
  .max(4096)
  .refine((text) => secretFault(text) === undefined);

/** Where a secret comes from: never from the configuration itself. */
export const secretFromSchema = z.union([
  z.strictObject({ env: variableName }),
  z.strictObject({ file: filePath }),
]);

const placeSchema = z.union([
  z.strictObject({ header: fieldName }),
  z.strictObject({ query: z.string().min(1).max(64) }),
]);

const providerSchema = z.strictObject({
  tokenEndpoint,
  clientId: z.string().min(1).max(256),
  clientSecret: secretFromSchema.optional(),
  body: z.enum(['form', 'json']).optional(),
  scope: z.string().max(2048).optional(),
});

function isTokenEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && isLocal)) && username + password + hash === '';
}

/** How a secret goes onto a request, by `type`. */
export const injectSchemas = {
  bearer: z.strictObject({ type: z.literal('bearer') }),
  header: z.strictObject({
    type: z.literal('header'),
    name: fieldName,
    prefix: z
      .string()
      .max(64)
      .regex(/^[\x20-\x7e]*$/)
      .optional(),
  }),
  basic: z.strictObject({
    type: z.literal('basic'),
    username: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[^:\p{Cc}]*$/u)
      .optional(),
  }),
  query: z.strictObject({ type: z.literal('query'), parameter: z.string().regex(/^[\w.-]{1,64}$/) }),
  'gcp-adc': z.strictObject({
    type: z.literal('gcp-adc'),
    scopes: z.array(scope).min(1).max(50).optional(),
    allowExecutable: z.boolean().optional(),
    quotaProject: z
      .string()
      .regex(/^[a-z\d.:-]{1,128}$/)
      .optional(),
  }),
  'oauth-refresh': z.strictObject({
    type: z.literal('oauth-refresh'),
    provider: z.union([z.enum(['claude', 'codex', 'cursor']), providerSchema]),
    stateFile: filePath.optional(),
  }),
  'aws-sigv4': z.strictObject({
    type: z.literal('aws-sigv4'),
    accessKeyId: secretFromSchema,
    sessionToken: secretFromSchema.optional(),
    service: z
      .string()
      .regex(/^[a-z\d-]{1,64}$/)
      .optional(),
    region: z
      .string()
      .regex(/^[a-z\d-]{1,64}$/)
      .optional(),
  }),
} as const;

/** One route as it is written. */
export const routeSchema = z.strictObject({
  name: z.string().regex(/^[a-z\d][a-z\d._-]{0,62}$/i),
  from: z.union([secretFromSchema, z.strictObject({ metadataServer: z.literal(true) })]),
  inject: z.discriminatedUnion('type', [
    injectSchemas.bearer,
    injectSchemas.header,
    injectSchemas.basic,
    injectSchemas.query,
    injectSchemas['gcp-adc'],
    injectSchemas['oauth-refresh'],
    injectSchemas['aws-sigv4'],
  ]),
  hosts: z.array(hostWord).min(1).max(1000),
  pathPrefix: z.string().max(1024).optional(),
  order: z.int().min(-1_000_000).max(1_000_000).optional(),
  requireStub: z.boolean().optional(),
  stub: z.union([stub, z.array(stub).min(1).max(20)]).optional(),
  otherPlaces: z.array(placeSchema).max(20).optional(),
  scrubBodies: z.boolean().optional(),
  allowMinting: z.boolean().optional(),
});

export type WrittenSecretFrom = z.infer<typeof secretFromSchema>;
export type WrittenInject = z.infer<(typeof routeSchema)['shape']['inject']>;
export type WrittenRoute = z.infer<typeof routeSchema>;
export type InjectorType = WrittenInject['type'];

/** The parameters of one injector, as written. */
export type InjectOf<Type extends InjectorType> = Extract<WrittenInject, { type: Type }>;
