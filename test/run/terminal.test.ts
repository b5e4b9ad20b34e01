import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { componentTests } from '../support/components.ts';
import { eventually } from '../support/deadline.ts';
import { httpOrigin, textHandler } from '../support/origins.ts';
import { runProcess } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Scene, setScene } from './scene.ts';
import { WAYS } from './ways.ts';

const TIMEOUT_MS = 60_000;

/** Draws, asks for a host, draws what came of that, and waits for a key. */
const SCREEN = `
import curses, subprocess
def main(screen):
    screen.addstr(2, 2, 'BEFORE'); screen.refresh()
    answer = subprocess.run(['curl', '-s', 'http://ask.test/'], capture_output=True, text=True).stdout
    while True:
        screen.clear(); screen.addstr(2, 2, 'AFTER ' + answer[:10]); screen.refresh()
        if screen.getch() == ord('q'): break
curses.wrapper(main)
`;

/** A terminal in which a shell runs, as a person has it. */
interface Terminal extends AsyncDisposable {
  /** Types keys, by their names in tmux(1), or text. */
  type(...keys: readonly string[]): Promise<void>;
  /** What is on the screen. */
  screen(): Promise<string>;
  /** Waits for text on the screen. */
  shows(pattern: RegExp): Promise<void>;
}

async function openTerminal(scene: Scene): Promise<Terminal> {
  const socket = `paude-test-${randomBytes(6).toString('hex')}`;
  const env = { ...process.env, TERM: 'xterm-256color' };
  const tmux = async (...args: readonly string[]) =>
    (await runProcess('tmux', ['-L', socket, '-f', '/dev/null', ...args], { env })).stdout;
  await tmux(
    'new-session',
    '-d',
    '-x',
    '100',
    '-y',
    '30',
    '-c',
    scene.project,
    'PS1="$ " bash --norc --noprofile',
  );
  const screen = () => tmux('capture-pane', '-p');
  return {
    screen,
    type: async (...keys) => void (await tmux('send-keys', ...keys)),
    shows: async (pattern) => {
      let seen = '';
      await eventually(`the screen to show ${pattern}`, async () => {
        seen = await screen();
        return pattern.test(seen);
      }).catch((error: unknown) => {
        throw new Error(`The screen shows: ${seen}`, { cause: error });
      });
    },
    [Symbol.asyncDispose]: async () => void (await tmux('kill-server')),
  };
}

/** The command line of a run as a shell takes it. */
function line(scene: Scene, words: readonly string[]): string {
  const { words: all, env } = scene.commandLine(words);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quoted(value ?? '')}`);
  return [
    'env',
    '-i',
    'TERM=xterm-256color',
    ...variables.filter((text) => !text.startsWith('TERM=')),
    ...all.map(quoted),
  ].join(' ');
}

function quoted(text: string): string {
  return /^[\w./=:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

describe.each(WAYS)('at a terminal, $title', (way) => {
  const test = (
    title: string,
    body: (scene: Scene, terminal: Terminal) => Promise<void>,
    ...needed: string[]
  ) => {
    const missing = ['tmux', ...needed].filter((name) => !haveCommand(name) && !existsSync(name));
    const tests = way.tests.present ? componentTests(missing) : way.tests;
    tests.test(
      title,
      async () => {
        const scene = untilTestEnds(await setScene(way));
        await using terminal = await openTerminal(scene);
        // A script, because a line that is as long would be wrapped on the screen.
        await body(scene, terminal);
      },
      TIMEOUT_MS,
    );
  };
  const run = async (scene: Scene, terminal: Terminal, words: readonly string[]) => {
    await scene.directory.write('run.sh', `${line(scene, words)}\n`, 0o755);
    await terminal.type(`. ${scene.directory.join('run.sh')}; echo "ended with $?"`, 'Enter');
  };

  test(
    'a program that draws on the whole screen works',
    async (scene, terminal) => {
      await run(scene, terminal, ['--', 'vi', '-u', 'NONE', 'letter.txt']);
      await terminal.shows(/^~$/m);
      await terminal.type('ihello from vi', 'Escape');
      await terminal.shows(/hello from vi/);
      await terminal.type(':wq', 'Enter');
      await terminal.shows(/ended with 0/);
      expect(readFileSync(`${scene.project}/letter.txt`, 'utf8')).toBe('hello from vi\n');
    },
    'vi',
  );

  test('Ctrl-C reaches the command alone, which may go on', async (scene, terminal) => {
    const script =
      'trap "echo caught" INT; echo ready; for i in 1 2 3; do sleep 1; done; echo through; exit 4';
    await run(scene, terminal, ['--', 'sh', '-c', script]);
    await terminal.shows(/^ready$/m);
    await terminal.type('C-c');
    await terminal.shows(/caught/);
    await terminal.shows(/through\nended with 4/);
  });

  test('Ctrl-C ends a command that does not mind it', async (scene, terminal) => {
    await run(scene, terminal, ['--', 'sh', '-c', 'echo ready; exec sleep 50']);
    await terminal.shows(/^ready$/m);
    await terminal.type('C-c');
    await terminal.shows(/ended with 130/);
  });

  test('Ctrl-Z stops the command, and fg goes on with it', async (scene, terminal) => {
    await run(scene, terminal, [
      '--',
      'sh',
      '-c',
      'echo ready; while [ ! -e go ]; do sleep 0.1; done; echo went on; exit 6',
    ]);
    await terminal.shows(/^ready$/m);
    await terminal.type('C-z');
    await terminal.shows(/Stopped/);
    await scene.write('project/go', '');
    await terminal.type('clear; fg; echo "then $?"', 'Enter');
    await terminal.shows(/went on\nthen 6/);
  });

  test('an interactive shell has the terminal, with its jobs', async (scene, terminal) => {
    await run(scene, terminal, ['--', 'bash', '--norc', '--noprofile', '-i']);
    await terminal.type('PS1="inside> "', 'Enter');
    await terminal.shows(/^inside>$/m);
    await terminal.type('sleep 100 &', 'Enter', 'jobs; tty; exit 5', 'Enter');
    await terminal.shows(/Running\s+sleep 100/);
    await terminal.shows(/ended with 5/);
    expect(await terminal.screen()).not.toMatch(/no job control/);
  });

  test(
    'what is blocked is told while it happens, once',
    async (scene, terminal) => {
      await run(scene, terminal, [
        '--',
        'sh',
        '-c',
        'for i in 1 2; do curl -s http://blocked.test/ >/dev/null; done; echo done',
      ]);
      await terminal.shows(
        /paude: blocked blocked\.test:80 \(empty-allowlist\)[\s\S]*done[\s\S]*paude: blocked blocked\.test:80 \(empty-allowlist, 2 times\)\nended with 0/,
      );
      expect((await terminal.screen()).match(/paude: blocked/g)).toHaveLength(2);
    },
    'curl',
  );

  test(
    '--ask lets a person decide, while the request waits',
    async (scene, terminal) => {
      await using origin = await httpOrigin(textHandler('hello\n'), { host: '127.0.0.1', port: 0 });
      const names = ['once', 'run', 'save', 'no'].flatMap((name) => ['--host', `${name}.test=127.0.0.1`]);
      const ask = (name: string) => `curl -s http://${name}.test:${origin.port}/ | head -n 1 | cut -c 1-7`;
      const script = ['once', 'once', 'run', 'run', 'save', 'no', 'no'].map(ask).join('; ');
      await run(scene, terminal, [
        '--ask',
        '--allow-private',
        '127.0.0.1/32',
        ...names,
        '--',
        'sh',
        '-c',
        script,
      ]);
      for (const [name, key] of [
        ['once', 'o'],
        ['once', 'n'],
        ['run', 'r'],
        ['save', 's'],
        ['no', 'n'],
      ] as const) {
        await terminal.shows(
          new RegExp(`${name}\\.test:${origin.port} is not allowed\\. Allow it.*\\?$`, 'm'),
        );
        await terminal.type(key);
        await terminal.shows(
          new RegExp(`${name}\\.test:${origin.port} is not allowed\\. Allow it[^?]*\\? ${key}$`, 'm'),
        );
      }
      await terminal.shows(/ended with 0/);
      const screen = (await terminal.screen()).split('\n').filter((text) => /^(hello|Blocked)/.test(text));
      expect(screen).toEqual(['hello', 'Blocked', 'hello', 'hello', 'hello', 'Blocked', 'Blocked']);
      expect(JSON.parse(readFileSync(`${scene.project}/paude.json`, 'utf8'))).toEqual({
        allowedDomains: [`save.test:${origin.port}`],
      });
      expect(existsSync(`${scene.project}/.paude.json`)).toBe(false);
    },
    'curl',
  );

  test(
    'a question of --ask does not disturb a program that has the whole screen',
    async (scene, terminal) => {
      await scene.write('project/screen.py', SCREEN, 0o644);
      await run(scene, terminal, ['--ask', '--', '/usr/bin/python3', 'screen.py']);
      await terminal.shows(/ {2}BEFORE[\s\S]*paude: ask\.test:80 is not allowed\. Allow it .*\?$/m);
      await terminal.type('n');
      await terminal.shows(/ {2}AFTER Blocked by/);
      expect(await terminal.screen()).not.toContain('paude:');
      // The program has its keys back.
      await terminal.type('q');
      await terminal.shows(/ended with 0/);
    },
    'curl',
    '/usr/bin/python3',
  );

  test('a terminal that is closed takes the command with it, also one that does not mind', async (scene, terminal) => {
    const beat = `${scene.project}/beat`;
    const script = `trap '' HUP; while :; do date +%N > ${beat}; sleep 0.05; done`;
    await run(scene, terminal, ['--', 'sh', '-c', script]);
    await eventually('the command to start', () => existsSync(beat));
    await terminal[Symbol.asyncDispose]();
    await eventually(
      'the command to end',
      async () => {
        const before = readFileSync(beat, 'utf8');
        await sleep(300);
        return readFileSync(beat, 'utf8') === before;
      },
      { timeoutMs: 15_000 },
    );
  });
});
