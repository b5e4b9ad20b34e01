import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';
import { bulkBuffersInUse } from '../relay/buffers.ts';
import type { Counters } from './counters.ts';

/** Counters that have no labels: field, metric name, help. */
const PLAIN: readonly (readonly [
  keyof Omit<Counters, 'refused' | 'refuse' | 'injections'>,
  string,
  string,
])[] = [
  ['connections', 'paude_proxy_connections_total', 'Client connections accepted'],
  ['connectRequests', 'paude_proxy_connect_requests_total', 'CONNECT requests'],
  ['httpRequests', 'paude_proxy_http_requests_total', 'Plain HTTP requests'],
  ['allowed', 'paude_proxy_allowed_total', 'Requests that the allowlist allowed'],
  ['reportedOnly', 'paude_proxy_reported_only_total', 'Requests that report-only mode let pass'],
  ['bytesUp', 'paude_proxy_up_bytes_total', 'Bytes from clients to targets, counted when a tunnel closes'],
  [
    'bytesDown',
    'paude_proxy_down_bytes_total',
    'Bytes from targets to clients, counted when a tunnel closes',
  ],
  ['policyReloads', 'paude_proxy_policy_reloads_total', 'Allowlists put in force after the first'],
  [
    'policyReloadFailures',
    'paude_proxy_policy_reload_failures_total',
    'Allowlists that could not be read; the one before stays in force',
  ],
  ['tunnelsCut', 'paude_proxy_tunnels_cut_total', 'Tunnels cut because a new allowlist denies them'],
  ['internalErrors', 'paude_proxy_internal_errors_total', 'Exceptions that no code expected'],
  ['answered', 'paude_proxy_answered_total', 'Requests for tokens that the proxy answered with a stub'],
  ['credentialRefreshes', 'paude_proxy_credential_refreshes_total', 'Access tokens that were fetched'],
  [
    'credentialRefreshFailures',
    'paude_proxy_credential_refresh_failures_total',
    'Access tokens that could not be fetched',
  ],
  ['auditWriteErrors', 'paude_proxy_audit_write_errors_total', 'Failures to write the audit log'],
];

/** The Prometheus metrics of a proxy. Nothing is labelled by host: what clients ask for must not fill memory. */
export function createMetrics(engine: Engine): Registry {
  const registers = [new Registry()] as const;
  collectDefaultMetrics({ register: registers[0] });
  for (const [field, name, help] of PLAIN) {
    new Counter({
      name,
      help,
      registers: [...registers],
      collect() {
        this.reset();
        this.inc(engine.counters[field]);
      },
    });
  }
  new Counter({
    name: 'paude_proxy_refused_total',
    help: 'Requests refused or failed, by reason',
    labelNames: ['reason'],
    registers: [...registers],
    collect() {
      this.reset();
      for (const [reason, count] of engine.counters.refused) this.inc({ reason }, count);
    },
  });
  new Counter({
    name: 'paude_proxy_injections_total',
    help: 'Credentials put on requests, by route',
    labelNames: ['route'],
    registers: [...registers],
    collect() {
      this.reset();
      for (const [route, count] of engine.counters.injections) this.inc({ route }, count);
    },
  });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [...registers],
      collect() {
        this.set(value());
      },
    });
  gauge('paude_proxy_open', 'Tunnels and plain requests that are open', () => engine.openCount);
  gauge('paude_proxy_rules', 'Rules of the allowlist in force', () => engine.policy.allowlist.rules.length);
  gauge('paude_proxy_bulk_buffers', 'Relay buffers in use by bulk transfers', bulkBuffersInUse);
  return registers[0];
}
