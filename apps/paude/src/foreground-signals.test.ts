import { EventEmitter } from 'node:events';
import type { SignalSource } from '@paude/proxy';
import { describe, expect, it, vi } from 'vitest';
import { foregroundSignals } from './foreground-signals.ts';
import type { Io } from './io.ts';

function setUp({ isTTY, hasTerminal }: { isTTY: boolean; hasTerminal: boolean }) {
  const io = Object.assign(new EventEmitter(), { stdin: { isTTY }, stderr: { isTTY } });
  const signals: SignalSource = foregroundSignals(io as unknown as Io, () => hasTerminal);
  const reload = vi.fn();
  const stop = vi.fn();
  signals.on('SIGTERM', stop);
  signals.on('SIGHUP', reload);
  return { io, signals, reload, stop };
}

describe('foregroundSignals()', () => {
  it('reloads on SIGHUP while the terminal is there', () => {
    const { io, reload, stop } = setUp({ isTTY: true, hasTerminal: true });
    io.emit('SIGHUP', 'SIGHUP');
    expect(reload).toHaveBeenCalledOnce();
    expect(stop).not.toHaveBeenCalled();
  });

  it('stops on SIGHUP when the terminal is gone', () => {
    const { io, reload, stop } = setUp({ isTTY: true, hasTerminal: false });
    io.emit('SIGHUP', 'SIGHUP');
    expect(stop).toHaveBeenCalledExactlyOnceWith('SIGHUP');
    expect(reload).not.toHaveBeenCalled();
  });

  it('reloads on SIGHUP when there never was a terminal', () => {
    const { io, reload } = setUp({ isTTY: false, hasTerminal: false });
    io.emit('SIGHUP', 'SIGHUP');
    expect(reload).toHaveBeenCalledOnce();
  });

  it('lets go of its listeners', () => {
    const { io, signals, reload, stop } = setUp({ isTTY: true, hasTerminal: true });
    signals.off('SIGHUP', reload);
    signals.off('SIGTERM', stop);
    expect(io.eventNames()).toEqual([]);
  });
});
