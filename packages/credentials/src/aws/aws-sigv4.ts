import type { SignatureV4 } from '@smithy/signature-v4';
import { injected } from '../injectors/injected.ts';
import { type Injection, type InjectionRefused, type Injector, refuse } from '../injectors/injector.ts';
import type { InjectorContext } from '../injectors/value-injectors.ts';
import { pathOf } from '../request/path.ts';
import { fieldValues, type RequestHead, withField } from '../request/request-head.ts';
import { isStub } from '../request/stub.ts';
import type { SecretSource } from '../secrets/secret-source.ts';
import { clientSignature, withoutSignature } from './credential-scope.ts';
import { isS3, payloadOf } from './payload.ts';
import { queryBag, signedPath } from './signed-path.ts';

/** What requests are signed with. */
export interface AwsSigv4Options {
  readonly accessKeyId: SecretSource;
  readonly secretAccessKey: SecretSource;
  readonly sessionToken?: SecretSource | undefined;
  /** Undefined: the one of the client's own signature. */
  readonly region?: string | undefined;
  /** Undefined: the one of the client's own signature. */
  readonly service?: string | undefined;
  /** The time of signing. @default the system's clock */
  readonly now?: () => Date;
}

/** Fields that are signed. Others may be changed on the way, and AWS does not ask for more. */
const SIGNED = /^(?:content-type|content-md5|x-amz-.+)$/;

/** Fields that a signature adds. */
const ADDED = /^(?:authorization|x-amz-(?:date|security-token|content-sha256))$/i;

/** Takes the client's signature off a request to AWS and signs it with the real key (Signature Version 4). */
export class AwsSigv4Injector implements Injector {
  readonly type = 'aws-sigv4';
  readonly place = 'header authorization (signature)';
  readonly refreshable: boolean;
  readonly #options: AwsSigv4Options;
  readonly #context: InjectorContext;
  /** Of the secrets that were read last. */
  #generation = 0;

  constructor(options: AwsSigv4Options, context: InjectorContext) {
    this.#options = options;
    this.#context = context;
    this.refreshable = this.#sources().some(({ changeable }) => changeable);
  }

  needsBody(head: RequestHead): boolean {
    return payloadOf(head, this.#options.service ?? clientSignature(head).service).kind === 'body';
  }

  async inject(head: RequestHead, body?: Uint8Array): Promise<Injection> {
    const { region: ownRegion, service: ownService } = this.#options;
    const client = clientSignature(head);
    const isOwn = !client.credentials.every((text) => isStub(text, this.#context.stubs));
    if (this.#context.requireStub && isOwn) {
      return refuse('stub-required', 'its signature is by something other than the stub of this session');
    }
    const region = ownRegion ?? client.region;
    const service = ownService ?? client.service;
    if (region === undefined || service === undefined) {
      return refuse(
        'payload-unsupported',
        client.isOther
          ? 'it is signed in another way than AWS4-HMAC-SHA256, and its route names no region and service'
          : 'neither its signature nor its route names a region and a service',
      );
    }
    const payload = payloadOf(head, service);
    if (payload.kind === 'unsupported') return refuse('payload-unsupported', payload.detail);
    if (payload.kind === 'body' && body === undefined) return bodyRequired();
    const secrets = await this.#read();
    if ('reason' in secrets) return secrets;
    const bare = withoutSignature(head);
    const ready = { ...bare, path: signedPath(bare.path) };
    const hash = payload.kind === 'hash' ? payload.hash : undefined;
    try {
      const headers = await this.#sign(signable(ready, hash, body), secrets, { region, service });
      const fields = Object.entries(headers)
        .filter(([name]) => ADDED.test(name))
        .reduce((all, [name, value]) => withField(all, name, value), [...ready.fields]);
      return injected({ ...ready, fields }, secrets.secret, secrets.generation);
    } catch {
      // Not kept: it may show what was signed, and with what.
      return refuse('credential-unavailable', 'signing failed');
    }
  }

  async refreshAfter(generation: number): Promise<boolean> {
    if (!this.refreshable) return false;
    const secrets = await this.#read(true);
    return 'generation' in secrets && secrets.generation !== generation;
  }

  async #sign(request: Signable, { credentials }: Secrets, { region, service }: Scope) {
    // Loaded when it is needed: a proxy without AWS routes does without its memory.
    const { SignatureV4 } = await import('@smithy/signature-v4');
    const { Sha256Node } = await import('@smithy/core/checksum');
    const signer = new SignatureV4({
      credentials,
      region,
      service,
      sha256: Sha256Node,
      // S3 takes its paths as they are, and wants the digest in a field.
      uriEscapePath: !isS3(service),
      applyChecksum: isS3(service),
    });
    const { headers } = await signer.sign(request, { signingDate: this.#options.now?.() ?? new Date() });
    return headers;
  }

  #sources(): SecretSource[] {
    const { accessKeyId, secretAccessKey, sessionToken } = this.#options;
    return [accessKeyId, secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])];
  }

  async #read(fresh = false): Promise<Secrets | InjectionRefused> {
    const readings = await Promise.all(this.#sources().map((source) => source.read(fresh)));
    const values: string[] = [];
    let generation = 0;
    for (const reading of readings) {
      if (reading.kind === 'fault') return refuse('credential-unavailable', reading.detail);
      values.push(reading.value);
      // Each grows by itself, so that their sum tells any change.
      generation += reading.generation;
    }
    // When one has changed, the others are looked at as well: they belong together.
    if (!fresh && generation !== this.#generation) return this.#read(true);
    this.#generation = generation;
    const [accessKeyId = '', secretAccessKey = '', sessionToken] = values;
    return {
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      secret: sessionToken === undefined ? [accessKeyId] : [accessKeyId, sessionToken],
      generation,
    };
  }
}

interface Scope {
  readonly region: string;
  readonly service: string;
}

interface Secrets {
  readonly credentials: ConstructorParameters<typeof SignatureV4>[0]['credentials'];
  /** What of them stands in the request. */
  readonly secret: readonly string[];
  readonly generation: number;
}

type Signable = ReturnType<typeof signable>;

function signable(head: RequestHead, hash: string | undefined, body: Uint8Array | undefined) {
  const { host, port, method, path, fields } = head;
  const name = host.includes(':') ? `[${host}]` : host;
  const headers: Record<string, string> = { host: port === 443 ? name : `${name}:${port}` };
  for (const field of new Set(fields.map(([key]) => key.toLowerCase()))) {
    const values = fieldValues(fields, field).map((value) => value.trim());
    if (SIGNED.test(field)) headers[field] = values.join(',');
  }
  if (hash !== undefined) headers['x-amz-content-sha256'] = hash;
  return {
    method,
    protocol: 'https:',
    hostname: host,
    path: pathOf(path),
    query: queryBag(path),
    headers,
    ...(hash === undefined && body !== undefined ? { body } : {}),
  };
}

function bodyRequired(): InjectionRefused {
  return refuse('body-required', 'its signature covers its body, of which the client gave no digest');
}
