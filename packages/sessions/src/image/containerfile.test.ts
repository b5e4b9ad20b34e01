import { describe, expect, it } from 'vitest';
import { containerfileOf } from './containerfile.ts';

const shipped = 'FROM base\nUSER 0:0\nUSER 53128:0\nENTRYPOINT ["x"]\n';

describe('containerfileOf()', () => {
  it('leaves it as it is without steps', () => {
    expect(containerfileOf(shipped, {})).toBe(shipped);
  });

  it('adds packages, the agent and the setup in this order, as root, and goes back to the user', () => {
    const text = containerfileOf(shipped, {
      packages: ['jq', 'g++'],
      install: ['npm i -g x'],
      setup: ['make "$A"'],
    });
    expect(text.slice(shipped.length)).toBe(
      [
        'USER 0:0',
        'RUN ["/bin/sh","/opt/paude/session/install-packages","jq","g++"]',
        'RUN ["/bin/sh","-ec","npm i -g x"]',
        'RUN ["/bin/sh","-ec","make \\"$A\\""]',
        'USER 53128:0',
        '',
      ].join('\n'),
    );
  });

  it('keeps a step of several lines in its step', () => {
    const text = containerfileOf(shipped, { setup: ['a\nUSER 0:0\nENTRYPOINT ["/bin/evil"]'] });
    expect(text.match(/^ENTRYPOINT/gm)).toHaveLength(1);
  });

  it.each(['', '-y', 'a b', 'a;b', '../x'])('refuses %j as a package: no distribution has it', (name) => {
    expect(() => containerfileOf(shipped, { packages: [name] })).toThrow(
      'no distribution has packages of such a name',
    );
  });
});
