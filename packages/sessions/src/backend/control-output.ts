import { Transform } from 'node:stream';

/**
 * What a terminal shows, from what `tmux -C` says about it: lines `%output %0 TEXT`, in which control characters and the
 * backslash stand as three octal digits (tmux(1), control mode).
 */
export function controlOutput(): Transform {
  let rest = '';
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      const lines = (rest + piece.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      done(null, Buffer.concat(lines.map(shown)));
    },
  });
}

function shown(line: string): Buffer {
  const text = /^%output %\d+ (.*)$/s.exec(line)?.[1] ?? '';
  const bytes = text.replace(/\\([0-7]{3})/g, (_whole, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, 'latin1');
}
