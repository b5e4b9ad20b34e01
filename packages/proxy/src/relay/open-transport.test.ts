import { describe, expect, it } from 'vitest';
import type { InternalsSource, StreamHandle, TcpHandle } from './node-handles.ts';
import { openTransport } from './open-transport.ts';

const { binding } = process as InternalsSource;

/** The internals of this Node, with one of their parts replaced. */
function withBinding(
  name: string,
  change: (parts: Record<string, unknown>) => object | undefined,
): InternalsSource {
  return {
    versions: process.versions,
    binding: (asked) => {
      const parts = binding?.(asked) as Record<string, unknown>;
      return asked === name ? change(parts) : parts;
    },
  };
}

/** A handle class that differs in one of its functions. */
function withHandle(change: (handle: TcpHandle) => void): InternalsSource {
  return withBinding('tcp_wrap', (parts) => {
    const TCP = parts.TCP as new (type: number) => TcpHandle;
    return {
      ...parts,
      TCP: class extends TCP {
        constructor(type: number) {
          super(type);
          change(this);
        }
      },
    };
  });
}

describe('openTransport()', () => {
  it('takes the handles of the Node that we know', async () => {
    expect((await openTransport(process)).name).toBe('handles');
  });

  it.each<readonly [string, InternalsSource | undefined]>([
    ['it is given no internals', undefined],
    ['Node is another', { ...withBinding('', () => undefined), versions: { node: '27.0.0' } }],
    ['there is no binding', { versions: process.versions }],
    [
      'the binding throws',
      {
        versions: process.versions,
        binding: () => {
          throw new Error('No such binding');
        },
      },
    ],
    ['a binding is missing', withBinding('stream_wrap', () => undefined)],
    ['a class is missing', withBinding('tcp_wrap', (parts) => ({ ...parts, TCPConnectWrap: undefined }))],
    [
      'writes need a request of ours',
      withBinding('stream_wrap', (parts) => ({ ...parts, kLastWriteErr: undefined })),
    ],
    [
      'reads are counted elsewhere',
      withBinding('stream_wrap', (parts) => ({ ...parts, kReadBytesOrError: parts.kArrayBufferOffset })),
    ],
    [
      'writes do not arrive',
      withHandle((handle) => {
        handle.writeBuffer = () => 0;
      }),
    ],
    [
      'ends do not arrive',
      withHandle((handle) => {
        handle.shutdown = () => 1;
      }),
    ],
    [
      'reading does not start',
      withHandle((handle) => {
        handle.readStart = () => -22;
      }),
    ],
    [
      'a function is missing',
      withHandle((handle) => {
        Object.assign(handle, { useUserBuffer: undefined } satisfies Partial<
          Record<keyof StreamHandle, undefined>
        >);
      }),
    ],
  ])('takes sockets when %s', async (_why, source) => {
    expect((await openTransport(source)).name).toBe('sockets');
  });
});
