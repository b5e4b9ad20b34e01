import { describe, expect, it } from 'vitest';
import { readMountTable } from './mount-table.ts';

const TABLE = `44 42 254:0 / / rw,relatime - ext4 /dev/vda rw
61 60 0:27 / /dev/shm rw - tmpfs tmpfs rw
62 60 0:28 / /mnt/a\\040b rw,nosuid shared:3 - tmpfs tmpfs rw
63 61 0:29 / /dev/shm ro,noexec - tmpfs tmpfs rw
`;

describe('readMountTable()', () => {
  it('reads places and options, and of several mounts in one place the one that is seen', () => {
    expect(readMountTable(TABLE)).toEqual([
      { path: '/', options: ['rw', 'relatime'] },
      { path: '/mnt/a b', options: ['rw', 'nosuid'] },
      { path: '/dev/shm', options: ['ro', 'noexec'] },
    ]);
  });
});
