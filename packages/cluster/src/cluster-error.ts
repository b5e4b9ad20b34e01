import { PaudeError, quoteInput } from '@paude/errors';
import { AnswerFailure, type RefusalStatus } from './answer-failure.ts';
import { LoginFailure, RequestTimeout } from './transport.ts';

/** What was tried, for the message of its failure. */
export interface Attempted {
  /** To follow "Cannot": `read the EgressFirewall`. */
  readonly action: string;
  /** `namespace/name`, a name, or nothing. */
  readonly input?: string | undefined;
  /** The API's verb: `list`, `patch`, … */
  readonly verb: string;
  /** The API's word for the kind: `egressfirewalls.k8s.ovn.org`. */
  readonly resource?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  /** Address of the API server. */
  readonly server: string;
}

/** A failure whose object is of this kind keeps the server's words to itself: they can quote what was sent. */
const SECRET_KIND = 'Secret';

/**
 * Translates what Node, client-node or the API server says into the project's one error. The only place that does.
 *
 * Codes: `cluster-unreachable`, `cluster-tls-failed`, `cluster-timeout`, `cluster-aborted`, `cluster-unauthorized`,
 * `cluster-forbidden`, `cluster-quota-exceeded`, `cluster-admission-refused`, `cluster-kind-missing`,
 * `cluster-object-missing`, `cluster-namespace-missing`, `cluster-object-exists`, `cluster-conflict`,
 * `cluster-object-invalid`, `cluster-busy`, `cluster-failed`.
 */
export function clusterError(thrown: unknown, attempted: Attempted): PaudeError {
  const error: NodeJS.ErrnoException = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof PaudeError) return error;
  if (error instanceof AnswerFailure) return refusalError(error, attempted);
  // On errors of proxy agents hang their options, and in those the proxy's password.
  const fail = failer(attempted, Object.hasOwn(error, 'options') ? undefined : error);
  if (error instanceof RequestTimeout) {
    return fail(
      'cluster-timeout',
      `${attempted.server} did not answer within ${error.timeoutMs} ms`,
      'Try again, and look at the health of the cluster',
    );
  }
  if (error instanceof LoginFailure) {
    // Its cause can be all that a login program printed.
    return failer(attempted, undefined)('cluster-unauthorized', error.message, 'Log in to the cluster again');
  }
  const { name, message } = error;
  const code = codeOf(error);
  if (name === 'AbortError') return fail('cluster-aborted', 'it was called off', 'Try again');
  if (isTlsCode(code)) {
    return fail('cluster-tls-failed', `${attempted.server} is not trusted (${code})`, tlsRemedy(code));
  }
  if (code === '' && /^Bad response: \d+$|socks|proxy/i.test(message)) {
    const why = `the proxy-url of the kubeconfig leads nowhere (${printable(message)})`;
    return failer(attempted, undefined)('cluster-unreachable', why, 'Look at that proxy, and at the network');
  }
  if (UNREACHABLE.has(code)) {
    return fail(
      'cluster-unreachable',
      `${attempted.server} cannot be reached (${code})`,
      'Look at the network, the proxy-url and the server of the kubeconfig, and at the cluster',
    );
  }
  return fail(
    'cluster-failed',
    code === '' ? message : `${message} (${code})`,
    'Try again, and look at the health of the cluster',
  );
}

/** The error for a kind that the server does not serve. */
export function kindMissing(attempted: Attempted, apiVersion: string): PaudeError {
  const what = `${attempted.kind ?? 'this kind'} of ${apiVersion}`;
  return failer(attempted, undefined)(
    'cluster-kind-missing',
    `the cluster does not serve ${what}`,
    'Choose a kind that the cluster has, or have its custom resource definition installed',
  );
}

/** The error for a name, of an object or a namespace, that would make another path of it. */
export function nameUnusable(attempted: Attempted, name: string): PaudeError {
  const why = `${quoteInput(name)} can be no name of an object`;
  return failer(attempted, undefined)('cluster-object-invalid', why, 'Name one that exists');
}

/** The error for an answer that is not what the API promises. */
export function strangeAnswer(attempted: Attempted, why: string): PaudeError {
  return failer(attempted, undefined)(
    'cluster-failed',
    `${attempted.server} answers ${why}`,
    'Look whether the server of the kubeconfig is an API server',
  );
}

function refusalError(error: AnswerFailure, attempted: Attempted): PaudeError {
  const { status } = error;
  const fail = failer(attempted, error);
  const said = wordsOf(status, attempted);
  switch (status.code) {
    case 401:
      return fail(
        'cluster-unauthorized',
        `${attempted.server} does not accept the credentials`,
        'Log in to the cluster again',
      );
    case 403:
      return forbidden(status, said, attempted, fail);
    case 404:
      return missing(status, attempted, fail);
    case 409:
      return conflict(status, said, fail);
    case 400:
    case 422:
      return fail('cluster-object-invalid', `the server refuses it${said}`, 'Correct what it names');
    case 413:
      return fail('cluster-object-invalid', 'it is larger than the server takes', 'Make it smaller');
    case 429:
    case 503:
      return fail('cluster-busy', `the server is too busy or not ready${said}`, 'Try again in a moment');
    case 504:
      return fail('cluster-timeout', `the server ran out of time${said}`, 'Try again in a moment');
    default:
      // What server-side apply cannot read is an internal error of the server, with words of its own.
      if (
        /^failed to (create typed patch|convert new) object|field not declared in schema/.test(status.message)
      ) {
        return fail('cluster-object-invalid', `the server refuses it${said}`, 'Correct what it names');
      }
      return fail(
        'cluster-failed',
        `${attempted.server} answers ${error.message}${said}`,
        'Look whether the server of the kubeconfig is an API server, and at its health',
      );
  }
}

type Fail = (code: string, why: string, remedy: string) => PaudeError;

function failer({ action, input }: Attempted, cause: unknown): Fail {
  return (code, why, remedy) => new PaudeError(code, { action, input, why, remedy, cause });
}

function forbidden(status: RefusalStatus, said: string, attempted: Attempted, fail: Fail): PaudeError {
  if (/exceeded quota/.test(status.message)) {
    return fail(
      'cluster-quota-exceeded',
      `the namespace's quota is used up${said}`,
      'Free some of it, or have the quota raised',
    );
  }
  const { verb, resource = 'this', namespace } = attempted;
  // RBAC's own sentence; everything else that says 403 is an admission plugin.
  if (status.message !== '' && !/ cannot \S+ (resource|path) /.test(status.message)) {
    return fail(
      'cluster-admission-refused',
      `the cluster's admission control refuses it${said}`,
      'Change what it names, or ask who runs the cluster',
    );
  }
  const user = /User "([^"]*)"/.exec(status.message)?.[1];
  const who = user === undefined ? 'the user' : `the user ${quoteInput(user)}`;
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${quoteInput(namespace)}`;
  return fail(
    'cluster-forbidden',
    `${who} may not ${verb} ${resource} ${where}`,
    `Ask for a role that allows the verb ${verb} on ${resource} there`,
  );
}

function missing(status: RefusalStatus, attempted: Attempted, fail: Fail): PaudeError {
  if (status.detailKind === 'namespaces' && attempted.namespace !== undefined) {
    return fail(
      'cluster-namespace-missing',
      `there is no namespace ${quoteInput(attempted.namespace)}`,
      'Create it first, or name another with --namespace',
    );
  }
  if (status.detailName !== '')
    return fail('cluster-object-missing', 'there is none of that name', 'Look at the name and the namespace');
  return fail(
    'cluster-kind-missing',
    `the cluster does not serve ${attempted.resource ?? 'it'}`,
    'Choose a kind that the cluster has, or have its custom resource definition installed',
  );
}

function conflict(status: RefusalStatus, said: string, fail: Fail): PaudeError {
  if (status.reason === 'AlreadyExists') {
    return fail(
      'cluster-object-exists',
      'there already is one of that name',
      'Choose another name, or remove that one first',
    );
  }
  const claims = status.causes
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message, field }) => `${field.replace(/^\./, '')} (${message})`);
  if (claims.length === 0) {
    return fail(
      'cluster-conflict',
      `it was changed by somebody else meanwhile${said}`,
      'Read it again and repeat the change',
    );
  }
  const shown = listed(claims);
  return fail(
    'cluster-conflict',
    `another field manager owns what would be changed: ${shown}`,
    'Leave those fields to it, or take them over with --force',
  );
}

/** The server's own words, after a colon; nothing for a Secret, whose values they can quote. */
function wordsOf(status: RefusalStatus, attempted: Attempted): string {
  if (attempted.kind === SECRET_KIND) {
    const fields = status.causes.map(({ field }) => field).filter((field) => field !== '');
    return fields.length === 0 ? '' : `: ${listed(fields)}`;
  }
  const causes = status.causes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  if (causes.length > 0) return `: ${listed(causes)}`;
  return status.message === '' ? '' : `: ${printable(status.message)}`;
}

const MOST_LISTED = 8;

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, MOST_LISTED).map(printable).join('; ');
  return texts.length > MOST_LISTED ? `${shown}; and ${texts.length - MOST_LISTED} more` : shown;
}

/** Without what could drive a terminal or forge a line; a full stop at the end is the message's own. */
function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .slice(0, 600)
    .replace(/\.\s*$/, '');
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
]);

/** Node's code; agents for proxies keep it in their message alone. */
function codeOf({ code, message }: NodeJS.ErrnoException): string {
  if (typeof code === 'string') return code;
  return message.split(' ').find((word) => UNREACHABLE.has(word)) ?? '';
}

/** Node's names for what OpenSSL finds wrong with a certificate or a handshake. */
function isTlsCode(code: string): boolean {
  return /CERT|^ERR_(TLS|SSL)_|^EPROTO$|^UNABLE_TO_|^CRL_|^HOSTNAME_MISMATCH$|^INVALID_(CA|PURPOSE)$/.test(
    code,
  );
}

function tlsRemedy(code: string): string {
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? 'Look at the server and tls-server-name of the kubeconfig: the certificate is for another name'
    : 'Put the certificate of the authority that signed it into certificate-authority-data of the kubeconfig';
}
