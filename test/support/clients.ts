export {
  allowPrivateFlags,
  npmRegistry,
  pipIndex,
  pythonExecutable,
  registryAddresses,
} from './clients/machine.ts';
export { npm, pip } from './clients/package-clients.ts';
export { type ClientOptions, proxyEnvironment, runClient } from './clients/run-client.ts';
export { curl, gitClient, nodeFetch, pythonGet } from './clients/web-clients.ts';
