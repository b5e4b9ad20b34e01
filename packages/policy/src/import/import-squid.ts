import { type Grant, grantsOf } from './access-lines.ts';
import { EVERY_ADDRESS } from './address-ranges.ts';
import { type Imported, Notes } from './imported.ts';
import { EVERY_NAME, NameSet } from './name-set.ts';
import {
  commonPorts,
  describePorts,
  EVERY_PORT,
  exceptPorts,
  type PortRanges,
  portRanges,
  unitePorts,
} from './port-ranges.ts';
import { Acls } from './squid/acl.ts';
import { assumedClients, clientAddress } from './squid/assumed-clients.ts';
import { type IncludeFile, readDirectives, SquidFiles } from './squid/directives.ts';
import { accessLine, readAccess } from './squid/http-access.ts';
import { writeWords } from './write-words.ts';

/** How a squid.conf is to be read. */
export interface SquidOptions {
  /** Its name, for messages. @default 'squid.conf' */
  readonly file?: string;
  /**
   * Gives the text of included files and of lists that ACLs name in quotes, by the path as it is written (which may hold a
   * `*`: then the text of all such files); undefined when it is not at hand. @default nothing is at hand
   */
  readonly include?: IncludeFile;
  /** The IP address of a client: what squid lets that client do is imported. @default one that every allow asks for */
  readonly client?: string;
  /** Ports that are judged by plain requests, all others by CONNECT. @default [80] */
  readonly plainPorts?: readonly number[];
}

/**
 * Makes an allowlist of a squid.conf: of its `acl` and `http_access` lines, in which the first match decides. The allowlist
 * never allows what squid denies: what depends on more than host, port and CONNECT is left out, and a note says where and
 * why. A port is judged by what it is for: 80 by plain requests, every other by CONNECT.
 *
 * @throws PaudeError `squid-invalid` where squid would not start with it or a file is not at hand, `client-invalid`, or
 * `import-too-complex`.
 */
export function importSquid(text: string, options: SquidOptions = {}): Imported {
  const { file = 'squid.conf', include, client, plainPorts = [80] } = options;
  const notes = new Notes();
  const files = new SquidFiles(include);
  const lines = readAccess(readDirectives(text, file, files), new Acls(files, notes), notes);
  const clients = client === undefined ? assumedClients(lines, notes) : clientAddress(client);
  const effort = { comparisons: 0 };
  const grants = (ports: PortRanges, isConnect: boolean, heard: Notes): Grant[] =>
    (['names', 'addresses'] as const).flatMap((hosts) => {
      const access = lines.map((line) => accessLine(line, { hosts, isConnect, clients }, heard));
      return grantsOf(access, { ports, region: everything(hosts) }, { notes: heard, effort });
    });
  const plain = portRanges(plainPorts.map((port) => [port, port]));
  const all = [...grants(plain, false, notes), ...grants(exceptPorts(EVERY_PORT, plain), true, notes)];
  // What squid says of the other method is only for notes.
  const byPlain = portsOf(grants(EVERY_PORT, false, new Notes()));
  const byConnect = portsOf(grants(EVERY_PORT, true, new Notes()));
  const plainOnly = exceptPorts(exceptPorts(byPlain, byConnect), plain);
  if (plainOnly.length > 0) {
    const why = `squid lets plain requests through to ports ${describePorts(plainOnly)}, but no CONNECT; they are left out`;
    notes.add('narrowed', { file, line: 0 }, why, 'Name among the plain ports those that are needed');
  }
  const tunnelled = exceptPorts(commonPorts(portsOf(all), plain), byConnect);
  if (tunnelled.length > 0) {
    const why = `squid refuses CONNECT to port ${describePorts(tunnelled)}, but the proxy tells it from no plain request`;
    notes.add('wide', { file, line: 0 }, why, 'Leave the port out if nothing needs plain HTTP');
  }
  const entries = writeWords(all, notes, { effort, source: { file, line: 0 } });
  return { entries, notes: notes.list() };
}

function everything(hosts: 'names' | 'addresses'): Grant['region'] {
  return hosts === 'names'
    ? { kind: 'names', names: EVERY_NAME, denied: new NameSet() }
    : { kind: 'addresses', addresses: EVERY_ADDRESS };
}

function portsOf(grants: readonly Grant[]): PortRanges {
  return grants.map(({ ports }) => ports).reduce(unitePorts, []);
}
