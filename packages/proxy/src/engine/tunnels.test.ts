import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { type Open, Tunnels } from './tunnels.ts';

class FakeOpen implements Open {
  readonly address = '';
  readonly host;
  readonly port = 443;
  bytesMoved = 0;
  overdue = false;
  readonly cuts: string[] = [];

  constructor(host = 'a.test') {
    this.host = parseHost(host);
  }

  helloOverdue(): boolean {
    return this.overdue;
  }

  cut(reason: string): void {
    this.cuts.push(reason);
  }
}

function withOpen(...open: readonly FakeOpen[]): Tunnels {
  const tunnels = new Tunnels(1000);
  for (const one of open) tunnels.add(one);
  return tunnels;
}

describe('Tunnels', () => {
  it('counts what is open', () => {
    const [a, b] = [new FakeOpen(), new FakeOpen()];
    const tunnels = withOpen(a, b);
    expect(tunnels.size).toBe(2);
    tunnels.delete(a);
    tunnels.delete(a);
    expect(tunnels.size).toBe(1);
  });

  it('gives no more places than there are, those taken for what is about to open included', () => {
    const tunnels = withOpen(new FakeOpen());
    expect([tunnels.reserve(3), tunnels.reserve(3), tunnels.reserve(3)]).toEqual([true, true, false]);
    tunnels.unreserve();
    expect([tunnels.reserve(3), tunnels.reserve(3)]).toEqual([true, false]);
  });

  it('cuts what has not moved for the idle time, and that alone', () => {
    const [still, moving] = [new FakeOpen(), new FakeOpen()];
    const tunnels = withOpen(still, moving);
    const startMs = performance.now();
    tunnels.sweep(startMs + 900);
    moving.bytesMoved = 1;
    tunnels.sweep(startMs + 990);
    expect(still.cuts).toEqual([]);
    tunnels.sweep(startMs + 1500);
    expect([still.cuts, moving.cuts]).toEqual([['idle-timeout'], []]);
    tunnels.sweep(startMs + 2000);
    expect(moving.cuts).toEqual(['idle-timeout']);
  });

  it('cuts what owes its ClientHello, however much it moves', () => {
    const open = new FakeOpen();
    const tunnels = withOpen(open);
    open.overdue = true;
    open.bytesMoved = 5;
    tunnels.sweep(performance.now());
    expect(open.cuts).toEqual(['client-hello-timeout']);
  });

  it('cuts what a new allowlist denies, and says how many', () => {
    const [good, bad] = [new FakeOpen('good.test'), new FakeOpen('bad.test')];
    expect(withOpen(good, bad, bad).cutDenied(({ host }) => host === 'good.test')).toBe(1);
    expect([good.cuts, bad.cuts]).toEqual([[], ['policy-changed']]);
  });

  it('is drained at once when nothing is open, and else when the last one closes', async () => {
    expect(await new Tunnels(1000).drained(5000)).toBe(true);
    const open = new FakeOpen();
    const tunnels = withOpen(open);
    const drained = tunnels.drained(5000);
    tunnels.delete(open);
    expect(await drained).toBe(true);
  });

  it('is not drained when time runs out', async () => {
    expect(await withOpen(new FakeOpen()).drained(20)).toBe(false);
  });

  it('cuts everything when told to', () => {
    const open = [new FakeOpen(), new FakeOpen()];
    withOpen(...open).cutAll('shutdown');
    expect(open.map(({ cuts }) => cuts)).toEqual([['shutdown'], ['shutdown']]);
  });
});
