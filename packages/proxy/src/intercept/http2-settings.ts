/** Bytes of a body that one side may send ahead of another that does not read, per stream and in all. */
const STREAM_WINDOW_BYTES = 256 * 1024;
export const CONNECTION_WINDOW_BYTES = 1024 * 1024;
export const HTTP2_SETTINGS = { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES } as const;
