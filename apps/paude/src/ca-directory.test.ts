import { homedir } from 'node:os';
import { expect, it } from 'vitest';
import { caDirectory } from './ca-directory.ts';

const HOME = '/home/agent';

it.each([
  ['ca', { PAUDE_PROXY_CA_DIR: '/data/ca', XDG_STATE_HOME: '/state', HOME }, 'ca'],
  [undefined, { PAUDE_PROXY_CA_DIR: '/data/ca', XDG_STATE_HOME: '/state', HOME }, '/data/ca'],
  [undefined, { PAUDE_PROXY_CA_DIR: '', XDG_STATE_HOME: '/state', HOME }, '/state/paude/ca'],
  [undefined, { XDG_STATE_HOME: 'state', HOME }, '/home/agent/.local/state/paude/ca'],
  [undefined, { XDG_STATE_HOME: '', HOME }, '/home/agent/.local/state/paude/ca'],
  [undefined, {}, `${homedir()}/.local/state/paude/ca`],
])('caDirectory() of %j in %j is %s', (flag, env, expected) => {
  expect(caDirectory(flag, env)).toBe(expected);
});
