import { parseHost } from '@paude/allowlist';
import type { Field, Injected, RequestHead, Route } from '@paude/credentials';
import { describe, expect, it } from 'vitest';
import type { EngineContext } from '../engine/context.ts';
import { Counters } from '../report/counters.ts';
import { Exchange } from './exchange.ts';
import type { BodySource, BodyTaker, ClientSide, TargetListener } from './sides.ts';

const HEAD: RequestHead = {
  method: 'POST',
  host: parseHost('x.example'),
  port: 443,
  path: '/p',
  fields: [['x-api-key', 'stub']],
};

/** A body that comes when the test says so. */
class Body implements BodySource {
  taker: BodyTaker | undefined;
  flowTo(taker: BodyTaker): void {
    this.taker = taker;
  }
  pause(): void {}
  resume(): void {}
}

/** An exchange whose client and target are the test. */
function open(trailers: readonly Field[] = []) {
  const told: string[] = [];
  const body = new Body();
  let listener: TargetListener | undefined;
  const client = {
    head: HEAD,
    body,
    complete: false,
    responded: false,
    trailers: () => trailers,
    respond: () => ({ write: () => true, onDrain: undefined }),
    // The rest of the request, which had come already, is read and thrown away.
    finish: () => {
      client.complete = true;
      told.push('finished');
    },
    onClose: () => undefined,
  };
  const injected: Injected = {
    kind: 'injected',
    head: { ...HEAD, fields: [['x-api-key', 'real']] },
    secrets: ['real'],
    generation: 1,
  };
  const route = {
    name: 'key',
    injector: { refreshable: false, needsBody: () => false, inject: () => injected },
  };
  const context = {
    closing: false,
    counters: new Counters(),
    audit: { decision: () => undefined, close: () => undefined },
  };
  const exchange = new Exchange(
    {
      // What an exchange asks of it, and no more.
      context: context as unknown as EngineContext,
      record: { id: '1', client: '', session: undefined, method: 'POST', host: '', port: 443, startMs: 0 },
      facts: { decision: 'allow', reason: 'allowed-by-rule' },
      address: '',
      routes: {
        // What it asks of a route.
        routeFor: () => route as unknown as Route,
        mayAnswer: () => false,
        answer: () => undefined,
      },
      target: {
        prepare: () => undefined,
        send: (_head, _options, told_) => {
          listener = told_;
          return {
            body: { write: () => true, onDrain: undefined },
            end: (sent) => void told.push(`sent ${JSON.stringify(sent)}`),
            abort: () => void told.push('aborted'),
          };
        },
      },
      fault: undefined,
      isLimited: false,
    },
    // What an exchange asks of it.
    client as unknown as ClientSide,
  );
  const answerBody = new Body();
  const answer = () => {
    const head = { status: 200, phrase: 'OK', fields: [], ended: false };
    listener?.onResponse({ ...head, body: answerBody, trailers: () => [] });
    answerBody.taker?.onEnd();
  };
  return { told, body, client, exchange, answer };
}

describe('an exchange', () => {
  it('breaks a request off that was answered before all of it was sent, also when the rest is there', () => {
    const { told, exchange, answer } = open();
    void exchange.run();
    answer();
    expect(told).toEqual(['finished', 'aborted']);
  });

  it('leaves a request alone that was sent as a whole', () => {
    const { told, body, client, exchange, answer } = open();
    void exchange.run();
    client.complete = true;
    body.taker?.onEnd();
    answer();
    expect(told).toEqual(['sent []', 'finished']);
  });

  it.each(['x-api-key', 'X-API-Key', 'x_api_key'])('lets no trailer say the credential again: %s', (name) => {
    const { told, body, exchange } = open([
      [name, 'leaked'],
      ['x-sum', '1'],
    ]);
    void exchange.run();
    body.taker?.onEnd();
    expect(told).toEqual(['sent [["x-sum","1"]]']);
  });
});
