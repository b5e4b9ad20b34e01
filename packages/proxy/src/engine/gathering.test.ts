import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gathering } from './gathering.ts';

/** Names of what was served, in order. */
function recorder(): { served: string[]; ready: (name: string) => { serve(): void } } {
  const served: string[] = [];
  return { served, ready: (name) => ({ serve: () => served.push(name) }) };
}

describe('Gathering', () => {
  it('serves in the next turn what comes while no connection does', async () => {
    const { served, ready } = recorder();
    const gathering = new Gathering();
    for (const name of ['first', 'second']) {
      gathering.add(ready(name));
      expect(served).not.toContain(name);
      await turn();
      expect(served).toContain(name);
    }
  });

  it('waits while connections come, and then serves all in the order in which they were ready', async () => {
    const { served, ready } = recorder();
    const gathering = new Gathering();
    for (const name of ['a', 'b', 'c']) {
      gathering.accepted();
      gathering.add(ready(name));
      await turn();
      expect(served).toEqual([]);
    }
    await turn();
    expect(served).toEqual(['a', 'b', 'c']);
  });

  it('does not wait for ever: whoever keeps connecting does not hold up the rest', async () => {
    const { served, ready } = recorder();
    const gathering = new Gathering();
    gathering.add(ready('patient'));
    let turns = 0;
    while (served.length === 0 && turns < 100) {
      gathering.accepted();
      turns++;
      await turn();
    }
    expect(turns).toBe(16);
    gathering.add(ready('next'));
    await turn();
    expect(served).toEqual(['patient', 'next']);
  });

  it('serves at once when it is told to, and nothing twice', async () => {
    const { served, ready } = recorder();
    const gathering = new Gathering();
    gathering.add(ready('asked'));
    gathering.serve();
    expect(served).toEqual(['asked']);
    await turn();
    expect(served).toEqual(['asked']);
  });
});
