import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { type Live, liveMap } from '../names/live.ts';
import { MAX_SERVICE_HOSTS, SERVICE_HOST } from './dialect.ts';

/** What the API server or Istio's webhook would refuse of a ServiceEntry. */
export function validateServiceEntry(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('istio', object);
  check.metadata(object);
  const spec = check.keys(object.spec, 'spec', [
    ...['hosts', 'addresses', 'ports', 'location', 'resolution', 'endpoints', 'exportTo', 'subjectAltNames'],
    'workloadSelector',
  ]);
  for (const [index, host] of check
    .list(spec.hosts, 'spec.hosts', { min: 1, max: MAX_SERVICE_HOSTS })
    .entries()) {
    const remedy = 'Write a name of two labels or more, or *. in front of one';
    check.text(host, `spec.hosts[${index}]`, SERVICE_HOST, remedy);
  }
  const numbers = new Set<unknown>();
  for (const [index, value] of check.list(spec.ports, 'spec.ports').entries()) {
    const field = `spec.ports[${index}]`;
    const port = check.keys(value, field, ['name', 'number', 'protocol', 'targetPort']);
    check.text(port.name, `${field}.name`, /^[a-z\d]([-a-z\d]*[a-z\d])?$/, 'Name it', 63);
    check.port(port.number, `${field}.number`);
    const protocols = /^(?:HTTP|HTTPS|GRPC|HTTP2|MONGO|TCP|TLS)$/;
    check.text(port.protocol, `${field}.protocol`, protocols, 'Write TLS, HTTP or TCP');
    if (numbers.has(port.number)) check.fault(`${field}.number`, 'stands there twice', 'Name each port once');
    numbers.add(port.number);
  }
  if (spec.resolution !== undefined) {
    const resolutions = /^(?:NONE|STATIC|DNS|DNS_ROUND_ROBIN|DYNAMIC_DNS)$/;
    check.text(spec.resolution, 'spec.resolution', resolutions, 'Write NONE');
  }
  return check.faults;
}

/** What the API server or Istio's webhook would refuse of a Sidecar's egress. */
export function validateSidecar(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('istio', object);
  check.metadata(object);
  const spec = check.keys(object.spec, 'spec', [
    ...['workloadSelector', 'ingress', 'egress', 'inboundConnectionPool', 'outboundTrafficPolicy'],
  ]);
  for (const [index, value] of check.list(spec.egress, 'spec.egress').entries()) {
    const field = `spec.egress[${index}]`;
    const egress = check.keys(value, field, ['port', 'bind', 'captureMode', 'hosts']);
    for (const [place, host] of check.list(egress.hosts, `${field}.hosts`, { min: 1 }).entries()) {
      const hosts = /^(?:\.|~|\*|[a-z\d-]{1,63})\/(?:\*|(?:\*\.)?[a-zA-Z\d_.-]+)$/;
      check.text(
        host,
        `${field}.hosts[${place}]`,
        hosts,
        'Write namespace/name, such as ./api.example.com',
        320,
      );
    }
  }
  const { mode } = liveMap(spec.outboundTrafficPolicy);
  if (mode !== undefined) {
    check.text(
      mode,
      'spec.outboundTrafficPolicy.mode',
      /^(?:REGISTRY_ONLY|ALLOW_ANY)$/,
      'Write REGISTRY_ONLY',
    );
  }
  return check.faults;
}
