import { expect, it } from 'vitest';
import { TargetFailure, targetFailure } from './target-failure.ts';

it.each([
  ['HPE_INVALID_CONSTANT', 'target-protocol-error'],
  ['ERR_HTTP2_ERROR', 'target-protocol-error'],
  ['ERR_HTTP2_INVALID_STREAM', 'target-protocol-error'],
  ['ERR_HTTP2_STREAM_ERROR', 'target-reset'],
  ['ECONNRESET', 'target-reset'],
])('targetFailure() of %s is %s', (code, reason) => {
  expect(targetFailure(Object.assign(new Error('x'), { code }))).toEqual([reason, code]);
});

it('targetFailure() of a connection that could not be made is the reason of that', () => {
  const failure = new TargetFailure('connect-refused', 'ECONNREFUSED');
  expect(targetFailure(failure)).toEqual(['connect-refused', 'ECONNREFUSED']);
});
