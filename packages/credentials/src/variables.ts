/**
 * What a session needs to know of credentials before it loads anything: which variables hold them, and which lead programs to
 * the proxy. Imports nothing that takes time to load.
 */
export { DEFAULT_ROUTES } from './routes/default-table.ts';
export { javaProxyOptions, proxyVariables } from './stubs/proxy-variables.ts';
