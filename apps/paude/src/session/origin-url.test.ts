import { describe, expect, it } from 'vitest';
import { publicOrigin } from './origin-url.ts';

describe('publicOrigin()', () => {
  it.each([
    ['https://github.com/octocat/Hello-World.git', 'https://github.com/octocat/Hello-World.git'],
    ['https://user:the-secret@github.com/o/r', 'https://github.com/o/r'],
    ['https://token@git.example.com:8443/o/r?token=the-secret', 'https://git.example.com:8443/o/r'],
    ['git@github.com:o/r.git', 'https://github.com/o/r.git'],
    ['github.com:o/r.git', 'https://github.com/o/r.git'],
    ['ssh://git@github.com:22/o/r.git', 'https://github.com/o/r.git'],
  ])('makes of %s what a session can fetch from, without a credential', (remote, url) => {
    expect(publicOrigin(remote)?.url).toBe(url);
  });

  it.each(['', '/srv/git/r.git', '../r.git', 'file:///srv/r', 'http://git.example.com/r', 'ext::sh -c id'])(
    'makes nothing of %j',
    (remote) => {
      expect(publicOrigin(remote)).toBeUndefined();
    },
  );
});
