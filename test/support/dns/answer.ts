import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Question,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { DnsQuery, DnsRecords, DnsReply, ZoneReader } from './zone.ts';

const rcodes = { nodata: 0, servfail: 2, nxdomain: 3, refused: 5 } as const;
const mostAliases = 16;

/** Bytes to send after a delay, or undefined for silence. */
export interface TimedAnswer {
  readonly bytes: Buffer;
  readonly delayMs: number;
}

/** A packet that asks something. */
export interface AskedPacket {
  readonly packet: Buffer;
  readonly decoded: DecodedPacket;
  readonly question: Question;
  readonly query: DnsQuery;
}

/** Reads a packet; undefined when it is not a query. */
export function readQuery(packet: Buffer, transport: DnsQuery['transport']): AskedPacket | undefined {
  try {
    const decoded = decode(packet);
    const question = decoded.questions?.[0];
    if (question === undefined || decoded.flag_qr) return undefined;
    const { name: nameAsSent, type } = question;
    const query = { name: nameAsSent.toLowerCase(), nameAsSent, type, transport, atMs: performance.now() };
    return { packet, decoded, question, query };
  } catch {
    return undefined;
  }
}

/** Answers a query out of the zone. */
export function answerQuery(asked: AskedPacket, zone: ZoneReader): TimedAnswer | undefined {
  const { packet, decoded, question, query } = asked;
  const found = follow(query, question.name, zone);
  const { reply, answers } = found;
  if (reply === 'drop') return undefined;
  if (typeof reply === 'function') return { bytes: reply(query, packet), delayMs: 0 };
  const rcode = typeof reply === 'string' ? rcodes[reply] : 0;
  const truncate = found.truncated === 'always' || (found.truncated === 'udp' && query.transport === 'udp');
  const whole = respond(decoded, question, rcode, truncate ? undefined : answers);
  const tooLarge = query.transport === 'udp' && whole.length > payloadLimit(decoded);
  return { bytes: tooLarge ? respond(decoded, question, rcode, undefined) : whole, delayMs: found.delayMs };
}

interface Found {
  readonly reply: DnsReply;
  readonly answers: readonly Answer[];
  readonly delayMs: number;
  readonly truncated: DnsRecords['truncated'];
}

/** Follows aliases from the name asked for to the reply that ends the chain. */
function follow(query: DnsQuery, nameAsSent: string, zone: ZoneReader): Found {
  const answers: Answer[] = [];
  let delayMs = 0;
  let truncated: DnsRecords['truncated'];
  let owner = nameAsSent;
  for (let hop = 0; hop <= mostAliases; hop++) {
    const reply = zone.next(owner.toLowerCase(), query.type);
    if (typeof reply === 'string' || typeof reply === 'function')
      return { reply, answers, delayMs, truncated };
    delayMs += reply.delayMs ?? 0;
    truncated ??= reply.truncated;
    answers.push(...recordsOf(reply, query, owner));
    if (reply.cname === undefined || query.type === 'CNAME') return { reply, answers, delayMs, truncated };
    owner = reply.cname;
  }
  return { reply: 'nodata', answers, delayMs, truncated };
}

function recordsOf(records: DnsRecords, query: DnsQuery, name: string): Answer[] {
  const { ttl = 60, cname } = records;
  if (cname !== undefined) return [{ type: 'CNAME', name, ttl, data: cname }];
  const { type } = query;
  if (type !== 'A' && type !== 'AAAA') return [];
  return ((type === 'A' ? records.a : records.aaaa) ?? []).map((data) => ({ type, name, ttl, data }));
}

/** Without answers, the response says that it is truncated. */
function respond(
  query: DecodedPacket,
  question: Question,
  rcode: number,
  answers: readonly Answer[] | undefined,
): Buffer {
  const truncated = answers === undefined ? TRUNCATED_RESPONSE : 0;
  const echoed = (query.flags ?? 0) & 0x0100;
  return encode({
    type: 'response',
    id: query.id,
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | echoed | truncated | rcode,
    questions: [question],
    answers: [...(answers ?? [])],
  });
}

/** 512 bytes, or what the client's EDNS record offers. */
function payloadLimit(query: DecodedPacket): number {
  const offered = query.additionals?.find((record) => record.type === 'OPT');
  return Math.max(512, offered?.udpPayloadSize ?? 0);
}
