import { describe, expect, it } from 'vitest';
import { boundSockets } from './bound-sockets.ts';

const TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
000000001aef6880: 00000003 00000000 00000000 0001 03 43167596
00000000a6e9d913: 00000002 00000000 00010000 0001 01 1062 /run/dbus/system_bus_socket
00000000f056ac8d: 00000002 00000000 00010000 0001 01 43173149 @/tmp/.X11-unix/X0
00000000b615aaca: 00000002 00000000 00010000 0005 01    17 /home/me/a b.sock
0000000028fbcdff: 00000002 00000000 00010000 0001 01 43173155 relative.sock
00000000f620758d: 00000003 00000000 00000000 0001 03  1063 /run/dbus/system_bus_socket
`;

describe('boundSockets()', () => {
  it('finds sockets with an absolute path, once each, and no abstract ones', () => {
    expect(boundSockets(TABLE)).toEqual(['/run/dbus/system_bus_socket', '/home/me/a b.sock']);
  });
});
