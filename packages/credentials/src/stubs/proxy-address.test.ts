import { describe, expect, it } from 'vitest';
import { parseProxyUrl, proxyText } from './proxy-address.ts';

describe('parseProxyUrl()', () => {
  it.each([
    ['http://127.0.0.1:3128', '127.0.0.1', 3128, 'http://127.0.0.1:3128'],
    ['http://Paude-Proxy:3128/', 'paude-proxy', 3128, 'http://paude-proxy:3128'],
    ['http://[::1]:3128', '::1', 3128, 'http://[::1]:3128'],
    // The default port of http: written out, since programs differ in what they take without one.
    ['http://proxy.example.com:80', 'proxy.example.com', 80, 'http://proxy.example.com:80'],
  ])('reads %s', (text, host, port, again) => {
    const address = parseProxyUrl(text);
    expect(address).toEqual({ host, port });
    expect(proxyText(address)).toBe(again);
  });

  it.each([
    ['127.0.0.1:3128', 'it is no URL'],
    ['https://proxy.example.com:3128', 'the proxy is spoken to over plain HTTP'],
    ['socks5://127.0.0.1:1080', 'the proxy is spoken to over plain HTTP'],
    ['http://proxy.example.com', 'it names no port'],
    ['http://[::1]', 'it names no port'],
    ['http://127.0.0.1:0', 'it names no port'],
    ['http://127.0.0.1:99999', 'it is no URL'],
    ['http://127.0.0.1:3128/path', 'something follows its host and port'],
    ['http://127.0.0.1:3128/?x', 'something follows its host and port'],
    ["http://a'b:3128", 'its host is no name and no address'],
    ['http://$(id):3128', 'its host is no name and no address'],
  ])('refuses %s', (text, why) => {
    expect(() => parseProxyUrl(text)).toThrow(`: ${why}. Write it as in http://127.0.0.1:3128.`);
  });

  it('refuses a password, and does not repeat it', () => {
    const refused = () => parseProxyUrl('http://ann:hunter2@127.0.0.1:3128');
    expect(refused).toThrow('it holds a user or a password');
    expect(refused).not.toThrow('hunter2');
  });
});
