export { type Answer, MAX_ANSWERED_BYTES } from './answers/answer.ts';
export type {
  Injected,
  Injection,
  InjectionRefused,
  Injector,
  RefusalReason,
} from './injectors/injector.ts';
export type { Field, RequestHead } from './request/request-head.ts';
export { STUB } from './request/stub.ts';
export { checkRoutes } from './routes/check-routes.ts';
export { DEFAULT_ROUTES, type DefaultRoute, type DefaultSource } from './routes/default-table.ts';
export { loadRoutes, type RoutesRequest } from './routes/load-routes.ts';
export { openRouter } from './routes/open-router.ts';
export type { HostRoutes, Route, Router, RouteWarning } from './routes/route.ts';
export type { RouteSpec } from './routes/route-spec.ts';
export type { CredentialEvent, RouteSurroundings } from './routes/surroundings.ts';
export { createScrubber, type Scrubber, scrubFields, scrubText } from './scrub/scrubber.ts';
export type { Environment } from './secrets/environment-secret.ts';
export { readRoots } from './stubs/authorities.ts';
export { stubRoutes } from './stubs/stub-routes.ts';
export { type WrittenStubs, writeStubs } from './stubs/write-stubs.ts';
export type { Fetch } from './tokens/token-request.ts';
