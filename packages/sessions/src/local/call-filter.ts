/** How programs of one kind call the kernel: numbers from its headers. */
interface Machine {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  readonly ioctl: number;
  readonly socket: number;
  /** Answered as if this kernel did not have them: io_uring_setup(2), add_key(2), request_key(2), keyctl(2), and what else. */
  readonly absent: readonly number[];
}

/** All calls from here on are those of x32, a third kind of programs for x64, with numbers of its own. */
const X32 = 0x4000_0000;

const IO_URING_SETUP = 425;

/** What a program may be compiled for that runs on a machine of Node's name: the 32-bit kind as well. */
const MACHINES: Readonly<Record<string, readonly Machine[]>> = {
  x64: [
    { audit: 0xc000003e, ioctl: 16, socket: 41, absent: [IO_URING_SETUP, 248, 249, 250] },
    // 102 is socketcall(2), whose arguments a filter cannot see.
    { audit: 0x40000003, ioctl: 54, socket: 359, absent: [IO_URING_SETUP, 286, 287, 288, 102] },
  ],
  arm64: [
    { audit: 0xc00000b7, ioctl: 29, socket: 198, absent: [IO_URING_SETUP, 217, 218, 219] },
    { audit: 0x40000028, ioctl: 54, socket: 281, absent: [IO_URING_SETUP, 309, 310, 311, 102] },
  ],
};

/** Requests that put characters into the input of a terminal: TIOCSTI, and TIOCLINUX, which pastes on the console. */
const TYPING_REQUESTS = [0x5412, 0x541c];

/** Kinds of sockets that a network namespace closes in: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. */
const CLOSED_IN_FAMILIES = [1, 2, 10, 16];

/** Offsets in `struct seccomp_data`, on machines that are little-endian. */
const [NUMBER, AUDIT, FIRST_ARGUMENT, SECOND_ARGUMENT] = [0, 4, 16, 24];

const [LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN] = [0x20, 0x15, 0x35, 0x06];
const [ALLOW, KILL] = [0x7fff_0000, 0x8000_0000];
const refuse = (errno: number) => 0x0005_0000 + errno;
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];

interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
}

/**
 * A seccomp filter (a program for seccomp(2)) against what namespaces leave open:
 *
 * - typing into one's own terminal, where the shell outside would run what was typed;
 * - sockets of kinds that no network namespace closes in, as those between a virtual machine and its host;
 * - io_uring, which opens sockets past every filter;
 * - the keyrings of the user.
 *
 * Calls of a machine that is not known end the program.
 *
 * @param machine As in `process.arch`.
 * @returns undefined where the numbers of the machine are not known here.
 */
export function callFilter(machine: string): Buffer | undefined {
  const machines = MACHINES[machine];
  if (machines === undefined) return undefined;
  const program = [...machines.flatMap(forMachine), statement(RETURN, KILL)];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, k, whenTrue, whenFalse }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(whenTrue, index * 8 + 2);
    bytes.writeUInt8(whenFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  }
  return bytes;
}

/** The number of prctl(2). */
const PRCTL: Readonly<Record<string, number>> = { x64: 157, arm64: 167 };

/**
 * Words that have perl give itself a filter (PR_SET_SECCOMP of prctl(2)) and become the program behind them; it must not be able
 * to gain privileges any more. Util-linux has no program for it yet, and perl is a part of nearly every system.
 */
export function filterWords(perl: string, machine: string): readonly string[] {
  const [filter, prctl] = [callFilter(machine), PRCTL[machine]];
  if (filter === undefined || prctl === undefined) return [];
  const program = [
    'my $filter = pack("H*", shift);',
    'my $program = pack("S x![P] P", length($filter) / 8, $filter);',
    `syscall(${prctl}, 22, 2, $program, 0, 0) == 0 or die "paude: the filter of calls was refused: $!\\n";`,
    'exec { $ARGV[0] } @ARGV or exit 126;',
  ];
  return [perl, '-e', program.join(' '), filter.toString('hex')];
}

function forMachine({ audit, ioctl, socket, absent }: Machine): readonly Instruction[] {
  const body = [
    statement(LOAD, NUMBER),
    jump(JUMP_AT_LEAST, X32, 1),
    statement(RETURN, refuse(ENOSYS)),
    ...absent.flatMap((number) => when(number, [statement(RETURN, refuse(ENOSYS))])),
    ...when(ioctl, [
      statement(LOAD, SECOND_ARGUMENT),
      ...TYPING_REQUESTS.flatMap((request) => when(request, [statement(RETURN, refuse(EPERM))])),
      statement(RETURN, ALLOW),
    ]),
    ...when(socket, [
      statement(LOAD, FIRST_ARGUMENT),
      ...CLOSED_IN_FAMILIES.flatMap((family) => when(family, [statement(RETURN, ALLOW)])),
      statement(RETURN, refuse(EAFNOSUPPORT)),
    ]),
    statement(RETURN, ALLOW),
  ];
  return [statement(LOAD, AUDIT), ...when(audit, body)];
}

function statement(code: number, k: number): Instruction {
  return { code, k, whenTrue: 0, whenFalse: 0 };
}

/** What is to be done when what was loaded is `k`. */
function when(k: number, instructions: readonly Instruction[]): readonly Instruction[] {
  return [jump(JUMP_EQUAL, k, instructions.length), ...instructions];
}

/** Goes on when the comparison holds, else leaves out `count` instructions. */
function jump(code: number, k: number, count: number): Instruction {
  return { code, k, whenTrue: 0, whenFalse: count };
}
