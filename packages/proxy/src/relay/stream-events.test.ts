import { describe, expect, it } from 'vitest';
import { type StreamEvent, StreamEvents } from './stream-events.ts';

class Speaker extends StreamEvents {
  say(event: StreamEvent): void {
    this.tell(event);
  }
  fail(error: Error): void {
    this.tell('error', error);
  }
}

const EVENTS: readonly StreamEvent[] = ['connect', 'end', 'drain', 'close'];

describe('StreamEvents', () => {
  it('calls who listens, in order, and nobody for another event', () => {
    for (const event of EVENTS) {
      const speaker = new Speaker();
      const heard: string[] = [];
      for (const name of ['first', 'second', 'third']) speaker.on(event, () => heard.push(name));
      for (const other of EVENTS) {
        if (other !== event) speaker.say(other);
      }
      speaker.fail(new Error('another'));
      expect([event, heard]).toEqual([event, []]);
      speaker.say(event);
      expect([event, heard]).toEqual([event, ['first', 'second', 'third']]);
    }
  });

  it('hands an error to who listens for it, and to nobody else', () => {
    const speaker = new Speaker();
    const error = new Error('broken off');
    speaker.fail(error);
    const heard: Error[] = [];
    speaker.on('error', (seen) => heard.push(seen));
    speaker.fail(error);
    expect(heard).toEqual([error]);
  });

  it('calls listeners with the stream as this', () => {
    const speaker = new Speaker();
    const heard: unknown[] = [];
    function listener(this: unknown): void {
      heard.push(this);
    }
    speaker.on('end', listener).on('end', listener).once('drain', listener);
    speaker.say('end');
    speaker.say('drain');
    expect(heard).toEqual([speaker, speaker, speaker]);
  });

  it('forgets who was taken off, whatever their number', () => {
    const heard: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => () => void heard.push(name)) as [
      () => void,
      () => void,
      () => void,
    ];
    const speaker = new Speaker().on('close', a).on('close', b).on('close', c).off('close', b);
    speaker.say('close');
    speaker.off('close', b).off('close', c).say('close');
    speaker.off('close', b).say('close');
    speaker.off('close', a).off('close', a).say('close');
    expect(heard).toEqual(['a', 'c', 'a', 'a']);
    speaker.on('close', a).on('end', a).removeAllListeners().say('close');
    speaker.say('end');
    expect(heard).toEqual(['a', 'c', 'a', 'a']);
  });

  it('calls once who listens once', () => {
    for (const event of EVENTS) {
      let calls = 0;
      const speaker = new Speaker().once(event, () => calls++);
      speaker.say(event);
      if (event === 'drain') speaker.say(event);
      expect([event, calls]).toEqual([event, 1]);
    }
  });

  it('tells those who listened when it began, also when they come and go meanwhile', () => {
    const heard: string[] = [];
    const speaker = new Speaker();
    const second = () => void heard.push('second');
    speaker.on('end', () => {
      heard.push('first');
      speaker.off('end', second).on('end', () => heard.push('late'));
    });
    speaker.on('end', second);
    speaker.say('end');
    expect(heard).toEqual(['first', 'second']);
  });
});
