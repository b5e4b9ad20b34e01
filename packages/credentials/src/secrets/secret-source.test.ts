import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { EnvironmentSecret } from './environment-secret.ts';
import { emptyFault, passwordFault, secretFault } from './secret-source.ts';

describe('secretFault()', () => {
  it.each(['ghp_abc', 'a b', '~!@#$%^&*()', 'x'.repeat(8192)])('has nothing against %s', (text) => {
    expect(secretFault(text)).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    ['a\nb', 'line break or a NUL'],
    ['a\r', 'line break or a NUL'],
    ['\0', 'line break or a NUL'],
    ['a\u0085b', 'outside visible ASCII'],
    ['a\u2028b', 'outside visible ASCII'],
    ['a\u7f8eb', 'outside visible ASCII'],
    ['a\x7f', 'outside visible ASCII'],
    ['a\tb', 'outside visible ASCII'],
    [' a', 'begins or ends with a space'],
    ['a ', 'begins or ends with a space'],
  ])('says of %j that it %s', (text, why) => {
    expect(secretFault(text)).toContain(why);
  });
});

describe('passwordFault()', () => {
  it.each(['pässword', ' a ', 'a:b'])('has nothing against %s', (text) => {
    expect(passwordFault(text)).toBeUndefined();
  });

  it.each(['', 'a\nb', 'a\r', 'a\0', 'a\u0085b', 'a\tb'])('refuses %j', (text) => {
    expect(passwordFault(text)).toBeDefined();
  });
});

describe('emptyFault()', () => {
  it('refuses what holds nothing but space', () => {
    expect(emptyFault(' \n')).toBe('is empty');
    expect(emptyFault('{}')).toBeUndefined();
  });
});

describe('EnvironmentSecret', () => {
  it('reads a variable once', async () => {
    const environment: Record<string, string> = { TOKEN: 'one' };
    const secret = new EnvironmentSecret('TOKEN', environment);
    environment.TOKEN = 'two';
    expect(await secret.read()).toEqual({ kind: 'value', value: 'one', generation: 1 });
    expect(secret.changeable).toBe(false);
    expect(secret.description).toBe('variable TOKEN');
  });

  it('shows no value to whoever prints it', async () => {
    expect(shown(new EnvironmentSecret('TOKEN', { TOKEN: '5up3r' }))).not.toContain('5up3r');
    const refused = new EnvironmentSecret('TOKEN', { TOKEN: '5up3r\n' });
    expect(shown([refused, await refused.read()])).not.toContain('5up3r');
  });

  it('takes no value from the prototype of the environment', async () => {
    expect(await new EnvironmentSecret('constructor', {}).read()).toMatchObject({ kind: 'fault' });
  });
});
