export { loadAllowlist } from '../runtime/load-allowlist.ts';
export {
  type AllowedClients,
  buildConfig,
  DEFAULTS,
  type LogFormat,
  type ProxyConfig,
  parseListen,
} from './config.ts';
export { DAEMON_DEFAULTS, environmentConfig, parseHostPairs } from './environment.ts';
export { checkConfig, configError, configSchema, type WrittenConfig } from './schema.ts';
