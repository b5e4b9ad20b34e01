import { describe, expect, it } from 'vitest';
import { parseSessionName, sessionNameFrom } from './session-name.ts';

describe('parseSessionName()', () => {
  it.each(['a', 'my-project', 'a1', 'x'.repeat(46), 'proxy', 'outer'])('takes %s', (name) => {
    expect(parseSessionName(name)).toBe(name);
  });

  it.each([
    ['', 'it is empty'],
    ['x'.repeat(47), 'it has 47 characters, and 46 is the most'],
    ['1a', 'it does not begin with a small letter'],
    ['-a', 'it does not begin with a small letter'],
    ['--help', 'it does not begin with a small letter'],
    ['a-', 'it ends with a hyphen'],
    ['aB', 'it may have small letters, digits and hyphens only'],
    ['a.b', 'it may have small letters, digits and hyphens only'],
    ['a/../b', 'it may have small letters, digits and hyphens only'],
    ['a\nb', 'it may have small letters, digits and hyphens only'],
    ['proxy-a', 'paude-proxy-a would be the proxy of another session'],
    ['outer-a', 'paude-outer-a would be the outer of another session'],
  ])('refuses %j: %s', (name, why) => {
    expect(() => parseSessionName(name)).toThrow(`: ${why}.`);
  });

  it('says the nearest name that would do', () => {
    expect(() => parseSessionName('My Project')).toThrow('Write my-project.');
  });
});

describe('sessionNameFrom()', () => {
  it.each([
    ['My Project', 'my-project'],
    ['Übung 2', 'ubung-2'],
    ['2024_report.final', 'report-final'],
    ['...', 'session'],
    ['', 'session'],
    [`${'x'.repeat(45)}-y`, 'x'.repeat(45)],
  ])('makes of %j the name %s', (text, name) => {
    expect(sessionNameFrom(text)).toBe(name);
    expect(parseSessionName(name)).toBe(name);
  });

  it('leaves what would be the proxy of another session to be refused', () => {
    expect(() => parseSessionName(sessionNameFrom('Proxy of mine'))).toThrow('proxy of another session');
  });
});
