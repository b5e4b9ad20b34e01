import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { componentTests, requireComponent } from '../support/components.ts';
import { runProcess, successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Listener, ownAddress, tcpListener, udpListener } from './listeners.ts';
import { setScene } from './scene.ts';
import { asUser, WAYS } from './ways.ts';

/** Connects to each target, and says of each how that went. Everything is tried, whatever fails. */
const TRY = `
import socket, sys
def attempt(name, action):
    try: print(name, 'ok', action())
    except Exception as error: print(name, 'failed', type(error).__name__)
def tcp(host, port, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(2); s.connect((host, port)); return s.recv(20)
def unix(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); s.settimeout(2); s.connect(path); return s.recv(20)
def udp(host, port, data=b'x', family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(0.5); s.sendto(data, (host, port)); return s.recv(20)
`;

/** Python as the system has it: an ordinary user need not be able to run another. */
const python = '/usr/bin/python3';
const hasPython = haveCommand('python3') && statSync(python, { throwIfNoEntry: false }) !== undefined;

const QUERY = String.raw`b'\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01'`;

describe.each(WAYS)('a command in a sandbox, $title', (way) => {
  const { present } = way.tests;
  const test = (title: string, body: () => Promise<void>) =>
    present
      ? componentTests(hasPython ? [] : ['python3 of the system']).test(title, body, 60_000)
      : way.tests.test(title, body);

  const attempts = async (lines: readonly string[], flags: readonly string[] = []) => {
    const scene = untilTestEnds(await setScene(way));
    const result = await scene.run([...flags, '--', python, '-c', `${TRY}\n${lines.join('\n')}`]);
    successful(result);
    return result.stdout.trim().split('\n');
  };

  /** Makes sure that the listener would have been reached from outside by the same program. */
  const reachableOutside = async (listener: Listener, line: string) => {
    const [command, args] = asUser(way, [python, '-c', `${TRY}\n${line}`]);
    await runProcess(command, args);
    expect(listener.reached).toBe(1);
  };

  it.runIf(present)('is run as who runs it, without any right, and with three descriptors', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { stdout } = await scene.run([
      '--',
      'sh',
      '-c',
      'id -u; grep -E "^(CapEff|CapPrm|NoNewPrivs)" /proc/self/status; ls /proc/self/fd',
    ]);
    expect(stdout.split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
      String(way.uid ?? process.getuid?.()),
      'CapPrm: 0000000000000000',
      'CapEff: 0000000000000000',
      'NoNewPrivs: 1',
      // The last is that of the directory itself.
      ...['0', '1', '2', '3', ''],
    ]);
  });

  test('does not reach services on the loopback of the machine', async () => {
    await using v4 = await tcpListener({ host: '127.0.0.1', port: 0 });
    await using v6 = await tcpListener({ host: '::1', port: 0 });
    const lines = [
      `attempt('v4', lambda: tcp('127.0.0.1', ${v4.port}))`,
      `attempt('v6', lambda: tcp('::1', ${v6.port}, socket.AF_INET6))`,
      `attempt('mapped', lambda: tcp('::ffff:127.0.0.1', ${v4.port}, socket.AF_INET6))`,
    ];
    expect(await attempts(lines)).toEqual([
      'v4 failed ConnectionRefusedError',
      'v6 failed ConnectionRefusedError',
      'mapped failed ConnectionRefusedError',
    ]);
    expect([v4.reached, v6.reached]).toEqual([0, 0]);
    await reachableOutside(v4, lines[0] ?? '');
    await reachableOutside(v6, lines[1] ?? '');
  });

  test('reaches no address of the machine by TCP', async () => {
    const own = ownAddress('IPv4');
    await using listener = await tcpListener({ host: own ?? '127.0.0.2', port: 0 });
    const line = `attempt('own', lambda: tcp('${own ?? '127.0.0.2'}', ${listener.port}))`;
    expect((await attempts([line]))[0]).toMatch(/^own failed (OSError|ConnectionRefusedError)$/);
    expect(listener.reached).toBe(0);
    await reachableOutside(listener, line);
  });

  test('sends no datagram, and asks no name server', async () => {
    await using v4 = await udpListener('127.0.0.1');
    await using v6 = await udpListener('::1');
    const lines = [
      `attempt('v4', lambda: udp('127.0.0.1', ${v4.port}, ${QUERY}))`,
      `attempt('v6', lambda: udp('::1', ${v6.port}, ${QUERY}, socket.AF_INET6))`,
      `attempt('name', lambda: socket.getaddrinfo('example.com', 80))`,
      `attempt('server', lambda: udp('192.0.2.53', 53, ${QUERY}))`,
    ];
    expect((await attempts(lines)).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'v4 failed',
      'v6 failed',
      'name failed',
      'server failed',
    ]);
    expect([v4.reached, v6.reached]).toEqual([0, 0]);
    await reachableOutside(v4, lines[0] ?? '');
    await reachableOutside(v6, lines[1] ?? '');
  });

  test('has no route anywhere, and cannot make one', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { stdout } = await scene.run([
      '--',
      'sh',
      '-c',
      'ls /proc/sys/net/ipv4/conf; ip link add veth0 type veth peer name veth1 2>&1; tail -n +2 /proc/net/route; grep -cv lo$ /proc/net/ipv6_route',
    ]);
    expect(stdout).toMatch(/^all\ndefault\nlo\n/);
    expect(stdout).toMatch(/\n0\n$/);
    if (haveCommand('ip')) expect(stdout).toContain('not permitted');
  });

  test('opens none of the sockets that a network namespace does not close in', async () => {
    const lines = [40, 17, 31, 38].map(
      (family) => `attempt('${family}', lambda: socket.socket(${family}, socket.SOCK_STREAM))`,
    );
    expect(await attempts(lines)).toEqual([
      '40 failed OSError',
      '17 failed OSError',
      '31 failed OSError',
      '38 failed OSError',
    ]);
  });

  test('does not reach abstract Unix sockets', async () => {
    const name = `paude-test-${randomBytes(8).toString('hex')}`;
    await using listener = await tcpListener({ path: `\0${name}` });
    const line = `attempt('abstract', lambda: unix('\\0${name}'))`;
    expect(await attempts([line])).toEqual(['abstract failed ConnectionRefusedError']);
    expect(listener.reached).toBe(0);
    await reachableOutside(listener, line);
  });

  test('does not reach Unix sockets that have a path, wherever they are', async () => {
    const scene = untilTestEnds(await setScene(way));
    const inProject = `${scene.project}/service.sock`;
    const inTmp = scene.directory.join('service.sock');
    await using first = await tcpListener({ path: inProject, writableAll: true, readableAll: true });
    await using second = await tcpListener({ path: inTmp, writableAll: true, readableAll: true });
    const lines = [
      `attempt('project', lambda: unix('${inProject}'))`,
      `attempt('tmp', lambda: unix('${inTmp}'))`,
    ];
    const { stdout } = successful(await scene.run(['--', python, '-c', `${TRY}\n${lines.join('\n')}`]));
    expect(stdout).toMatch(/^project failed \w+\ntmp failed FileNotFoundError\n$/);
    expect([first.reached, second.reached]).toEqual([0, 0]);
    await reachableOutside(first, lines[0] ?? '');
    await reachableOutside(second, lines[1] ?? '');
  });

  test('finds no other world in /proc, and enters none', async () => {
    const scene = untilTestEnds(await setScene(way));
    const marker = scene.directory.join('outside.txt');
    await scene.directory.write('outside.txt', 'outside', 0o644);
    await using listener = await tcpListener({ host: '127.0.0.1', port: 0 });
    const script = `
      for root in /proc/*/root /proc/*/cwd; do cat $root${marker} $root/outside.txt; done
      for fd in /proc/[0-9]*/fd/*; do case \${fd##*/} in 0|1|2) ;; *) readlink $fd ;; esac; done | grep -E '^socket|^/.*compiled' && echo a descriptor
      for ns in net user mnt pid; do nsenter --$ns=/proc/1/ns/$ns true && echo entered $ns; done
      nsenter -t 1 -a true && echo entered all
      unshare -Urnm sh -c 'umount -l /sys; umount -l /tmp; umount -l /etc/shadow; ls ${marker}' && echo uncovered
      unshare -Urn ${python} -c "${TRY.trim().replaceAll('"', '\\"')}
attempt('nested', lambda: tcp('127.0.0.1', ${listener.port}))" || echo nested failed, too
      mount -o remount,rw / && echo remounted
      ls /proc | grep -E '^[0-9]+$' | wc -l
    `;
    const { stdout } = await scene.run(['--', 'sh', '-c', script]);
    const [nested, count, ...rest] = stdout.trim().split('\n');
    expect(nested).toMatch(/^nested failed/);
    // The first process, this shell, and what it counts with.
    expect(Number(count)).toBeLessThanOrEqual(6);
    expect(rest).toEqual([]);
    expect(listener.reached).toBe(0);
  });

  test('inherits no descriptor', async () => {
    const scene = untilTestEnds(await setScene(way));
    const secret = await scene.write('secret.txt', 'the secret', 0o644);
    await using listener = await tcpListener({ host: '127.0.0.1', port: 0 });
    const { words, env } = scene.commandLine([
      '--',
      'bash',
      '-c',
      'cat <&7; cat <&8; echo x >&8; ls /proc/self/fd | wc -l',
    ]);
    const line = `exec 7<'${secret}' 8<>/dev/tcp/127.0.0.1/${listener.port}; "$@"`;
    const { stdout, stderr } = await runProcess('bash', ['-c', line, 'bash', ...words], {
      cwd: scene.project,
      env,
    });
    expect(stdout).toBe('4\n');
    expect(stderr.match(/Bad file descriptor/g)).toHaveLength(3);
    // That the shell outside had it is what the listener has seen.
    expect(listener.reached).toBe(1);
  });

  test('leaves no process behind', async () => {
    const scene = untilTestEnds(await setScene(way));
    const beat = `${scene.project}/beat`;
    const loop = `while :; do date +%N > ${beat}; sleep 0.05; done`;
    const script = `setsid sh -c '${loop}' </dev/null >/dev/null 2>&1 & sleep 0.5; exit 3`;
    const { code } = await scene.run(['--', 'sh', '-c', script]);
    expect(code).toBe(3);
    const last = readFileSync(beat, 'utf8');
    expect(last).toMatch(/^\d+\n$/);
    await sleep(400);
    expect(readFileSync(beat, 'utf8')).toBe(last);
  });

  test('sees no secret of the environment, and not the process that has it', async () => {
    const scene = untilTestEnds(await setScene(way));
    const secret = `ghp_${randomBytes(12).toString('hex')}`;
    const { stdout, code } = await scene.run(
      ['--', 'sh', '-c', 'env; cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"'],
      {
        env: {
          GH_TOKEN: secret,
          AWS_SECRET_ACCESS_KEY: secret,
          UNKNOWN_TOKEN: secret,
          http_proxy: `http://me:${secret}@proxy.test`,
        },
      },
    );
    expect(code).toBe(0);
    expect(stdout).not.toContain(secret);
    expect(stdout).toContain('GH_TOKEN=paude-proxy-managed');
  });
});

requireComponent('script').describe('a command at a terminal', () => {
  it.each(WAYS.filter(({ tests }) => tests.present))('cannot type into it, $title', async (way) => {
    const scene = untilTestEnds(await setScene(way));
    const typing = `import fcntl, termios
for letter in 'touch typed':
    try: fcntl.ioctl(0, termios.TIOCSTI, letter.encode()); print('typed')
    except OSError as error: print('refused', error.errno)`;
    const { words, env } = scene.commandLine(['--', python, '-c', typing]);
    const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const { stdout } = await runProcess('script', ['-qec', line, '/dev/null'], { cwd: scene.project, env });
    expect(stdout.trim().split(/\r\n/)).toEqual(Array.from('touch typed', () => 'refused 1'));
  });
});
