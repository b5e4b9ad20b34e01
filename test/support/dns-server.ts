import { createServer, type Socket } from 'node:net';
import { within } from './deadline.ts';
import { answerQuery, readQuery } from './dns/answer.ts';
import { bindBoth, frame, readFrames } from './dns/transport.ts';
import { type DnsEntry, type DnsQuery, type DnsZone, ZoneReader } from './dns/zone.ts';

export type { DnsEntry, DnsQuery, DnsRecords, DnsReply, DnsZone } from './dns/zone.ts';

/** Options of {@link dnsServer}. */
export interface DnsServerOptions {
  /** A loopback address. @default '127.0.0.1' */
  readonly host?: string;
}

/** A DNS server on loopback that says what the test wants and remembers what it was asked. */
export interface DnsServer extends AsyncDisposable {
  readonly host: string;
  /** The same for UDP and TCP. */
  readonly port: number;
  /** `host:port`, as `dns.Resolver.setServers` takes it. */
  readonly address: string;
  /** Every question, in order of arrival, whether answered or not. */
  readonly queries: readonly DnsQuery[];
  /** The questions for one name, in any case. */
  queriesFor(name: string): readonly DnsQuery[];
  /** Replaces what a name answers with; its turns start anew. */
  set(name: string, entry: DnsEntry): void;
  /** While true every question is recorded and none is answered. */
  down: boolean;
  close(): Promise<void>;
}

/** Starts a DNS server for `zone` over UDP and TCP on one free port. */
export async function dnsServer(zone: DnsZone, options: DnsServerOptions = {}): Promise<DnsServer> {
  const { host = '127.0.0.1' } = options;
  const reader = new ZoneReader(zone);
  const queries: DnsQuery[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const answer = (packet: Buffer, transport: 'udp' | 'tcp', send: (bytes: Buffer) => void) => {
    const asked = readQuery(packet, transport);
    if (asked === undefined) return;
    queries.push(asked.query);
    const timed = server.down ? undefined : answerQuery(asked, reader);
    if (timed === undefined) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      send(timed.bytes);
    }, timed.delayMs);
    timers.add(timer);
  };
  const streams = new Set<Socket>();
  const tcp = createServer((socket) => {
    streams.add(socket);
    socket.on('close', () => streams.delete(socket)).on('error', () => {});
    readFrames(socket, (packet) =>
      answer(packet, 'tcp', (bytes) => {
        if (socket.writable) socket.write(frame(bytes));
      }),
    );
  });
  const { udp, port } = await bindBoth(tcp, host);
  udp.on('message', (packet, from) =>
    answer(packet, 'udp', (bytes) => udp.send(bytes, from.port, from.address, () => {})),
  );
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= within(
      new Promise<void>((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        for (const socket of streams) socket.destroy();
        udp.close(() => tcp.close(() => resolve()));
      }),
      'the DNS server to close',
    );
    return closed;
  };
  const server: DnsServer = {
    host,
    port,
    address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    queries,
    queriesFor: (name) => queries.filter((query) => query.name === name.toLowerCase()),
    set: (name, entry) => reader.set(name.toLowerCase(), entry),
    down: false,
    close,
    [Symbol.asyncDispose]: close,
  };
  return server;
}
