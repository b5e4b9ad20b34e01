/** Numbers of one machine, from the kernel's headers. */
interface Machine {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  /** The number of ioctl(2); several where the machine has several ways to call it. */
  readonly ioctl: readonly number[];
  /** Numbers of add_key(2), request_key(2), keyctl(2). */
  readonly keys: readonly number[];
}

/** What a program may be compiled for that runs on a machine of Node's name: also the 32-bit forms. */
const MACHINES: Readonly<Record<string, readonly Machine[]>> = {
  x64: [
    // 0x4000_0000 marks calls of x32.
    { audit: 0xc000003e, ioctl: [16, 0x4000_0000 + 514], keys: [248, 249, 250] },
    { audit: 0x40000003, ioctl: [54], keys: [286, 287, 288] },
  ],
  arm64: [
    { audit: 0xc00000b7, ioctl: [29], keys: [217, 218, 219] },
    { audit: 0x40000028, ioctl: [54], keys: [309, 310, 311] },
  ],
};

/** Requests that put characters into the input of a terminal: TIOCSTI, and TIOCLINUX, which pastes on the console. */
const REQUESTS = [0x5412, 0x541c];

/** Offsets in `struct seccomp_data`, on machines that are little-endian. */
const [NUMBER, AUDIT, SECOND_ARGUMENT] = [0, 4, 24];

const [LOAD, JUMP_EQUAL, RETURN] = [0x20, 0x15, 0x06];
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refuse = (errno: number) => 0x00050000 + errno;
const [EPERM, ENOSYS] = [1, 38];

interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
}

/**
 * A seccomp filter (a program for seccomp(2)) that keeps a command from typing into its own terminal, where the shell outside
 * would run what was typed, and from the keyrings of its user. Calls of a machine that is not known end the program.
 *
 * @param machine As in `process.arch`.
 * @returns undefined where the numbers of the machine are not known here.
 */
export function terminalFilter(machine: string): Buffer | undefined {
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

function forMachine({ audit, ioctl, keys }: Machine): readonly Instruction[] {
  const ofRequest = [
    statement(LOAD, SECOND_ARGUMENT),
    ...REQUESTS.flatMap((request) => [skipUnless(request, 1), statement(RETURN, refuse(EPERM))]),
    statement(RETURN, ALLOW),
  ];
  const body = [
    statement(LOAD, NUMBER),
    ...keys.flatMap((number) => [skipUnless(number, 1), statement(RETURN, refuse(ENOSYS))]),
    ...ioctl.flatMap((number) => [skipUnless(number, ofRequest.length), ...ofRequest]),
    statement(RETURN, ALLOW),
  ];
  return [statement(LOAD, AUDIT), skipUnless(audit, body.length), ...body];
}

function statement(code: number, k: number): Instruction {
  return { code, k, whenTrue: 0, whenFalse: 0 };
}

/** Goes on when what was loaded is `k`, else leaves out `count` instructions. */
function skipUnless(k: number, count: number): Instruction {
  return { code: JUMP_EQUAL, k, whenTrue: 0, whenFalse: count };
}
