import { describe, expect, it } from 'vitest';
import { callFilter } from './call-filter.ts';

const [X64, I386, ARM64, ARM] = [0xc000003e, 0x40000003, 0xc00000b7, 0x40000028];
const [ALLOW, KILL] = ['allow', 'kill'];

/** Runs a filter as the kernel does (classic BPF, the instructions that are used), over one call. */
function answer(machine: string, audit: number, number: number, args: readonly number[] = []): string {
  const program = callFilter(machine);
  if (program === undefined) throw new Error('no filter');
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(audit, 4);
  for (const [index, value] of args.entries()) data.writeUInt32LE(value, 16 + index * 8);
  let loaded = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [code, k] = [program.readUInt16LE(at), program.readUInt32LE(at + 4)];
    if (code === 0x20) loaded = data.readUInt32LE(k);
    else if (code === 0x06)
      return k === 0x7fff0000 ? ALLOW : k === 0x80000000 ? KILL : `errno ${k - 0x50000}`;
    else {
      const holds = code === 0x15 ? loaded === k : loaded >= k;
      at += 8 * program.readUInt8(at + (holds ? 2 : 3));
    }
  }
  throw new Error('the program does not end');
}

describe('callFilter()', () => {
  it.each([
    ['reading', X64, 0, [], ALLOW],
    ['asking for the size of the terminal', X64, 16, [0, 0x5413], ALLOW],
    ['typing into the terminal', X64, 16, [0, 0x5412], 'errno 1'],
    ['pasting into the console', X64, 16, [0, 0x541c], 'errno 1'],
    ['a Unix socket', X64, 41, [1], ALLOW],
    ['an IPv6 socket', X64, 41, [10], ALLOW],
    ['a socket to the host of a virtual machine', X64, 41, [40], 'errno 97'],
    ['a Bluetooth socket', X64, 41, [31], 'errno 97'],
    ['io_uring', X64, 425, [], 'errno 38'],
    ['a keyring', X64, 250, [], 'errno 38'],
    ['reading, as a program for x32', X64, 0x40000000, [], 'errno 38'],
    ['reading, as a 32-bit program', I386, 3, [], ALLOW],
    ['typing into the terminal, as a 32-bit program', I386, 54, [0, 0x5412], 'errno 1'],
    ['any socket whose kind cannot be seen', I386, 102, [1], 'errno 38'],
    ['a call of another machine', ARM64, 0, [], KILL],
  ])('answers %s on x64', (_what, audit, number, args, expected) => {
    expect(answer('x64', audit, number, args)).toBe(expected);
  });

  it.each([
    ['typing into the terminal', ARM64, 29, [0, 0x5412], 'errno 1'],
    ['a socket to the host of a virtual machine', ARM64, 198, [40], 'errno 97'],
    ['typing into the terminal, as a 32-bit program', ARM, 54, [0, 0x5412], 'errno 1'],
    ['a call of another machine', X64, 0, [], KILL],
  ])('answers %s on arm64', (_what, audit, number, args, expected) => {
    expect(answer('arm64', audit, number, args)).toBe(expected);
  });

  it('has none for a machine whose numbers it does not know', () => {
    expect(callFilter('riscv64')).toBeUndefined();
  });
});
