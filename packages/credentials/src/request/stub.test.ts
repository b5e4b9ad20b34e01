import { describe, expect, it } from 'vitest';
import { basic } from '../testing/request.ts';
import { isStub, STUB, stubsOf } from './stub.ts';

const stubs = stubsOf(['sk-ant-paude-proxy-managed']);

describe('isStub()', () => {
  it.each([
    STUB,
    ` ${STUB} `,
    `Bearer ${STUB}`,
    `bearer  ${STUB}`,
    `token ${STUB}`,
    'sk-ant-paude-proxy-managed',
    'Bearer sk-ant-paude-proxy-managed',
    basic(`x-access-token:${STUB}`),
    basic(`${STUB}:x-oauth-basic`),
    basic(`${STUB}:`),
    basic(STUB),
    basic(`anyone:${STUB}`),
    `BASIC ${basic(`a:${STUB}`).slice(6)}`,
  ])('takes %s for a stub', (value) => {
    expect(isStub(value, stubs)).toBe(true);
  });

  it.each([
    'ghp_realrealrealreal',
    'Bearer ghp_realrealrealreal',
    `Bearer ${STUB}x`,
    `Bearer x${STUB}`,
    `${STUB} ghp_real`,
    `Bearer ${STUB}, Bearer ghp_real`,
    `Bearer ghp_real ${STUB}`,
    basic('x-access-token:ghp_real'),
    basic('ghp_real:x-oauth-basic'),
    basic(`${STUB}:ghp_real`),
    `Basic ${STUB}`,
    'Paude-Proxy-Managed',
    'Bearer',
  ])('takes %s for something else', (value) => {
    expect(isStub(value, stubs)).toBe(false);
  });
});
