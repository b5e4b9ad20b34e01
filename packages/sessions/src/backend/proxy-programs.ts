/** Where Node is in the proxy's image, and what the image runs. */
export const PROXY_NODE = '/opt/paude/bin/node';
export const PROXY_MAIN = '/opt/paude/app/main.js';

/** The proxy's admin server, for whoever is inside of its container. */
export const PROXY_ADMIN = '127.0.0.1:9128';

/** A step of {@link VOLUME_PROGRAM}. A file is replaced whole. */
export interface VolumeStep {
  readonly path: string;
  readonly mode: number;
  /** Undefined keeps the one who runs it. */
  readonly uid?: number;
  /** Base64; without it a directory is made. */
  readonly content?: string;
}

/** Programs for the Node of the proxy's image, which has no shell: makes files and directories as its input says. */
export const VOLUME_PROGRAM = `
const fs = require('node:fs');
for (const { path, mode, uid, content } of JSON.parse(fs.readFileSync(0, 'utf8'))) {
  const place = content === undefined ? path : path + '.new';
  if (content === undefined) fs.mkdirSync(path, { recursive: true });
  else {
    fs.rmSync(place, { force: true });
    fs.writeFileSync(place, Buffer.from(content, 'base64'), { mode: 0o600, flag: 'wx', flush: true });
  }
  fs.chmodSync(place, mode);
  if (uid !== undefined) fs.chownSync(place, uid, 0);
  if (place !== path) fs.renameSync(place, path);
}
`;

/**
 * The same in a running proxy, whose allowlist is among the files: has it read that again, and waits until it is in force.
 * Says on standard error why it is not.
 */
export const RELOAD_PROGRAM = `
const ask = async () => (await fetch('http://${PROXY_ADMIN}/policy')).json();
(async () => {
  const before = (await ask()).loadedAt;
  ${VOLUME_PROGRAM}
  process.kill(1, 'SIGHUP');
  // The same rules in other words are not put in force anew; what has not changed by then is the same.
  for (const until = Date.now() + 3000; Date.now() < until;) {
    const { loadedAt, lastFailure } = await ask();
    if (lastFailure) throw new Error(lastFailure);
    if (loadedAt !== before) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})().catch((error) => { console.error('Error: ' + error.message); process.exit(1); });
`;

/** Writes a file to standard output, and with a second argument goes on with what is added to it, as \`tail -F\` does. */
export const TAIL_PROGRAM = `
const fs = require('node:fs');
const [path, follow] = process.argv.slice(1);
const buffer = Buffer.alloc(65536);
let file, at = 0;
const pump = () => {
  try {
    const now = fs.statSync(path);
    if (file === undefined || fs.fstatSync(file).ino !== now.ino || now.size < at) {
      if (file !== undefined) fs.closeSync(file);
      file = fs.openSync(path, 'r');
      at = 0;
    }
    for (let read; (read = fs.readSync(file, buffer, 0, buffer.length, at)) > 0; at += read) {
      for (let sent = 0; sent < read;) sent += write(buffer.subarray(sent, read));
    }
  } catch (error) {
    if (error.code === 'EPIPE') process.exit(0);
    if (error.code !== 'ENOENT') throw error;
  }
};
const write = (bytes) => {
  try { return fs.writeSync(1, bytes); } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return 0;
  }
};
pump();
if (follow) setInterval(pump, 200);
`;
