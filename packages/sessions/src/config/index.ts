/** Settings of sessions: what may be written where, and which of it is in force. */
export { parseBytes } from './byte-count.ts';
export { type LoadedSettings, loadSettings, userSettingsPath } from './load-settings.ts';
export type { SettingOrigin, Settings, SettingsLayer } from './resolve-settings.ts';
