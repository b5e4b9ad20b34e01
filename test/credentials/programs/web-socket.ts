import { once } from 'node:events';
import { globalAgent } from 'node:https';
import { WebSocket as WsSocket } from 'ws';
import { say } from './say.ts';

// Says something over WebSockets of two clients, ws and that of Node itself, and prints what comes back.
const [url = '', stub = ''] = process.argv.slice(2);
const headers = { authorization: `Bearer ${stub}` };

const ws = new WsSocket(url, ['realtime'], { agent: globalAgent, headers });
await once(ws, 'open');
say(`ws ${ws.protocol}`);
for (const message of ['one', 'two', Buffer.from([0, 255, 1])]) {
  ws.send(message);
  const [echo, isBinary] = await once(ws, 'message');
  say(`ws ${isBinary ? 'bytes' : 'text'} ${isBinary ? echo.toString('hex') : echo}`);
}
ws.close(4001, 'enough');
const [code, reason] = await once(ws, 'close');
say(`ws ${code} ${reason}`);

const own = new WebSocket(url, { protocols: ['realtime'], headers });
const next = (name: 'open' | 'message' | 'close') =>
  new Promise<Event>((resolve, reject) => {
    own.addEventListener(name, resolve, { once: true });
    own.addEventListener('error', reject, { once: true });
  });
await next('open');
for (const message of ['one', 'x'.repeat(300_000)]) {
  own.send(message);
  const { data } = (await next('message')) as MessageEvent;
  say(`own ${data.length} ${data.slice(0, 3)}`);
}
own.close(4002, 'enough');
const closed = (await next('close')) as CloseEvent;
say(`own ${closed.code} ${closed.reason}`);
