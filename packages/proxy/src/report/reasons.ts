/** The error types of RFC 9209 §2.3 that we use in `Proxy-Status`. */
export type ProxyErrorType =
  | 'dns_timeout'
  | 'dns_error'
  | 'destination_unavailable'
  | 'destination_ip_prohibited'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'connection_limit_reached'
  | 'http_request_error'
  | 'http_request_denied'
  | 'http_protocol_error'
  | 'http_response_timeout'
  | 'proxy_internal_error'
  | 'proxy_configuration_error'
  | 'proxy_loop_detected'
  | 'tls_certificate_error';

/** What kind of refusal a reason is; it decides what the reader is told to do about it. */
export type ReasonGroup =
  | 'policy'
  | 'address'
  | 'tls'
  | 'client'
  | 'request'
  | 'credential'
  | 'limit'
  | 'network';

interface Reason {
  readonly group: ReasonGroup;
  readonly status: number;
  readonly proxyError: ProxyErrorType;
  /** Follows the target in a sentence: `api.example.com:443 is not on the allowlist`. */
  readonly says: string;
}

function reason(group: ReasonGroup, status: number, proxyError: ProxyErrorType, says: string): Reason {
  return { group, status, proxyError, says };
}

/**
 * Every reason for which the proxy refuses or fails a request: one stable code for the response, the audit log, the
 * metrics and the tests. `docs/audit-log.md` lists them; a test holds the two equal.
 */
export const REASONS = {
  'not-listed': reason('policy', 403, 'http_request_denied', 'is not on the allowlist'),
  'empty-allowlist': reason('policy', 403, 'http_request_denied', 'is not allowed: the allowlist is empty'),
  'denied-by-rule': reason('policy', 403, 'http_request_denied', 'is denied by a rule of the allowlist'),
  'port-not-allowed': reason(
    'policy',
    403,
    'http_request_denied',
    'is on the allowlist, but not with this port',
  ),
  'rule-expired': reason('policy', 403, 'http_request_denied', 'was allowed by a rule that has expired'),
  'address-not-listed': reason(
    'policy',
    403,
    'http_request_denied',
    'is an IP address, and no rule of the allowlist names it',
  ),
  'policy-changed': reason('policy', 403, 'http_request_denied', 'is no longer on the allowlist'),

  'address-not-allowed': reason(
    'address',
    403,
    'destination_ip_prohibited',
    'resolves to an address that is private or special',
  ),
  'own-address': reason('address', 403, 'proxy_loop_detected', 'is the address of this proxy itself'),
  'proxy-loop': reason('address', 508, 'proxy_loop_detected', 'has been through this proxy before'),

  'sni-missing': reason(
    'tls',
    403,
    'http_request_denied',
    'was dialled with a TLS handshake that names no server (SNI)',
  ),
  'sni-mismatch': reason(
    'tls',
    403,
    'http_request_denied',
    'was dialled with a TLS handshake for another server (SNI)',
  ),
  ech: reason(
    'tls',
    403,
    'http_request_denied',
    'was dialled with a TLS handshake whose server name is encrypted (ECH)',
  ),
  'not-tls': reason('tls', 403, 'http_request_denied', 'is port 443, and what was sent is not TLS'),
  'client-hello-malformed': reason(
    'tls',
    403,
    'http_request_denied',
    'was dialled with a TLS handshake that cannot be read',
  ),
  'client-hello-too-large': reason(
    'tls',
    403,
    'http_request_denied',
    'was dialled with a TLS handshake that is too large',
  ),
  'client-hello-timeout': reason(
    'tls',
    403,
    'http_request_denied',
    'was dialled, but no whole TLS handshake came in time',
  ),

  'client-not-allowed': reason(
    'client',
    403,
    'http_request_denied',
    'was asked for from an address that may not use this proxy',
  ),
  'auth-required': reason(
    'client',
    407,
    'http_request_denied',
    'was asked for without the credentials that this proxy needs',
  ),
  'auth-failed': reason('client', 407, 'http_request_denied', 'was asked for with wrong proxy credentials'),

  'bad-target': reason(
    'request',
    400,
    'http_request_error',
    'is not a target that can be read in one way only',
  ),
  'bad-request': reason(
    'request',
    400,
    'http_request_error',
    'was asked for in a request that is not valid HTTP',
  ),
  'not-a-proxy-request': reason(
    'request',
    400,
    'http_request_error',
    'was asked for as if this proxy were a web server',
  ),
  'scheme-not-supported': reason(
    'request',
    400,
    'http_request_error',
    'has a scheme other than http; for https use CONNECT',
  ),
  'method-not-supported': reason(
    'request',
    405,
    'http_request_error',
    'was asked for with a method that this proxy does not forward',
  ),
  'headers-too-large': reason(
    'request',
    431,
    'http_request_error',
    'was asked for with too many or too long header fields',
  ),
  'request-timeout': reason('request', 408, 'http_request_error', 'was asked for too slowly'),
  'expectation-failed': reason(
    'request',
    417,
    'http_request_error',
    'was asked for with an Expect that is not known',
  ),

  'authority-mismatch': reason(
    'request',
    421,
    'http_request_error',
    'was asked for inside of a connection that is for another host',
  ),
  'body-too-large': reason(
    'request',
    413,
    'http_request_error',
    'was asked for with a body that is too large to be read before it goes on',
  ),

  'stub-required': reason(
    'credential',
    403,
    'http_request_denied',
    'was asked for with something other than the placeholder where the proxy puts the credential',
  ),
  'credential-unavailable': reason(
    'credential',
    502,
    'proxy_configuration_error',
    'needs a credential that the proxy does not have',
  ),
  'body-required': reason(
    'credential',
    403,
    'http_request_denied',
    'was asked for with a body that the proxy could not read before signing',
  ),
  'payload-unsupported': reason(
    'credential',
    403,
    'http_request_denied',
    'was asked for with a body that the client signs piece by piece',
  ),
  'path-ambiguous': reason(
    'credential',
    403,
    'http_request_denied',
    'was asked for with a path that can be read in several ways',
  ),
  'endpoint-closed': reason(
    'credential',
    403,
    'http_request_denied',
    'was asked for something that hands out real credentials',
  ),

  'rate-limited': reason(
    'limit',
    429,
    'connection_limit_reached',
    'was asked for too soon after too many other requests',
  ),
  'too-many-connections': reason(
    'limit',
    503,
    'connection_limit_reached',
    'was asked for over too many connections',
  ),
  'too-many-tunnels': reason('limit', 503, 'connection_limit_reached', 'would be one tunnel too many'),
  'descriptor-limit': reason(
    'limit',
    503,
    'connection_limit_reached',
    'cannot be dialled: the proxy has no free file descriptor',
  ),
  'shutting-down': reason(
    'limit',
    503,
    'connection_limit_reached',
    'was asked for while the proxy is shutting down',
  ),

  'dns-not-found': reason('network', 502, 'dns_error', 'does not exist in DNS'),
  'dns-no-address': reason('network', 502, 'dns_error', 'has no address in DNS'),
  'dns-failed': reason(
    'network',
    502,
    'dns_error',
    'could not be looked up: the DNS server failed or could not be reached',
  ),
  'dns-timeout': reason('network', 504, 'dns_timeout', 'could not be looked up in time'),
  'connect-refused': reason('network', 502, 'connection_refused', 'refused the connection'),
  'connect-unreachable': reason(
    'network',
    502,
    'destination_unavailable',
    'cannot be reached from the proxy',
  ),
  'connect-failed': reason('network', 502, 'destination_unavailable', 'could not be connected to'),
  'connect-timeout': reason('network', 504, 'connection_timeout', 'did not accept the connection in time'),
  'target-tls-failed': reason(
    'network',
    502,
    'tls_certificate_error',
    'did not complete a TLS handshake that the proxy can trust',
  ),
  'target-reset': reason('network', 502, 'connection_terminated', 'closed the connection before it answered'),
  'target-protocol-error': reason(
    'network',
    502,
    'http_protocol_error',
    'answered with something that is not valid HTTP',
  ),
  'response-timeout': reason('network', 504, 'http_response_timeout', 'did not answer in time'),
  'upstream-failed': reason(
    'network',
    502,
    'destination_unavailable',
    'could not be reached: the upstream proxy failed or cannot be reached',
  ),
  'upstream-auth-failed': reason(
    'network',
    502,
    'proxy_configuration_error',
    'could not be reached: the upstream proxy refuses our credentials',
  ),
  'upstream-refused': reason(
    'network',
    502,
    'destination_unavailable',
    'could not be reached: the upstream proxy refused it',
  ),
  'internal-error': reason(
    'network',
    502,
    'proxy_internal_error',
    'could not be served: the proxy has a defect',
  ),
} as const satisfies Record<string, Reason>;

/** A stable code of a refusal or failure. */
export type ReasonCode = keyof typeof REASONS;

/** The facts about a reason. */
export function reasonFacts(code: ReasonCode): Reason {
  return REASONS[code];
}

/** Whether a text is a reason code. */
export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(REASONS, text);
}
