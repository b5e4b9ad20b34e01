import { describe, expect, it } from 'vitest';
import { clientHint } from './client-hint.ts';

describe('clientHint()', () => {
  it('names the proxy and its list of blocked targets', () => {
    const hint = clientHint({ listen: '127.0.0.1:3128', admin: '127.0.0.1:9128' });
    expect(hint).toContain('https_proxy=http://127.0.0.1:3128');
    expect(hint).toContain('http://127.0.0.1:9128/blocked');
  });

  it('names loopback for a proxy that listens on all addresses', () => {
    expect(clientHint({ listen: '[::]:3128', admin: 'off' })).toContain('http://127.0.0.1:3128');
    expect(clientHint({ listen: '0.0.0.0:3128', admin: 'off' })).toContain('http://127.0.0.1:3128');
  });

  it('keeps the brackets of an IPv6 address, and leaves out an admin server that is not there', () => {
    const hint = clientHint({ listen: '[::1]:3128', admin: 'off' });
    expect(hint).toContain('http://[::1]:3128');
    expect(hint).not.toContain('blocked');
  });

  it('writes no URL for a Unix socket', () => {
    const hint = clientHint({ listen: '/run/proxy.sock', admin: 'off' });
    expect(hint).toContain('/run/proxy.sock');
    expect(hint).not.toContain('http');
  });
});
