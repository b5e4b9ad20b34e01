export {
  bannerOrigin,
  echoOrigin,
  type SinkOrigin,
  sinkOrigin,
  sourceOrigin,
} from './origins/byte-origins.ts';
export type { ConnectionRecord } from './origins/connection-record.ts';
export { deafOrigin } from './origins/deaf-origin.ts';
export { drippingOrigin, resettingOrigin, silentOrigin, unreadingOrigin } from './origins/faulty-origins.ts';
export { answersAfterFinOrigin, finsFirstOrigin } from './origins/half-close-origins.ts';
export {
  bulkHandler,
  eventStreamHandler,
  type OriginHandler,
  type OriginRequest,
  type OriginResponse,
  redirectHandler,
  textHandler,
} from './origins/handlers.ts';
export { type HandledRequest, type HttpOrigin, httpOrigin } from './origins/http-origin.ts';
export {
  type RawAnswer,
  type RawHttpOrigin,
  type RawRequest,
  rawHttpOrigin,
  rawResponse,
} from './origins/raw-http-origin.ts';
export {
  type RawSecureOrigin,
  type RawSecureOriginOptions,
  rawSecureOrigin,
} from './origins/raw-secure-origin.ts';
export { refusingPort } from './origins/refusing-port.ts';
export {
  type Handshake,
  type SecureOrigin,
  type SecureOriginOptions,
  secureOrigin,
} from './origins/secure-origin.ts';
export { type ListenOptions, type Origin, type TcpOrigin, tcpOrigin } from './origins/tcp-origin.ts';
export { type WebSocketOrigin, webSocketOrigin } from './origins/web-socket-origin.ts';
