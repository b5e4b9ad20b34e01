import { SETTINGS_KEYS, type SettingsName } from './settings-keys.ts';
import type { WrittenSettings } from './written-settings.ts';

/** Settings from one place. */
export interface SettingsLayer {
  /** Where they are from, to show: a path, `the command line`. */
  readonly from: string;
  readonly settings: WrittenSettings;
}

/** One value and where it is from. Of lists that are merged every word, of tables every entry. */
export interface SettingOrigin {
  readonly key: SettingsName;
  /** The name of the entry, of a table. */
  readonly entry?: string;
  readonly value: unknown;
  readonly from: string;
}

/** What is in force, all layers together. */
export interface Settings extends WrittenSettings {
  readonly agent: string;
  readonly allowedDomains: string[];
  readonly environment: Record<string, string>;
  readonly yolo: boolean;
  readonly git: boolean;
}

export interface ResolvedSettings {
  readonly settings: Settings;
  /** In the order of the keys. */
  readonly origins: readonly SettingOrigin[];
}

const BUILT_IN: SettingsLayer = {
  from: 'built in',
  settings: { agent: 'claude', allowedDomains: ['default'], yolo: false, git: false },
};

/**
 * Puts layers together, the strongest first. Words of the allowlist are merged, and so are variables by name; of everything
 * else the strongest layer that has it counts. What is built in counts where no layer says anything.
 */
export function resolveSettings(layers: readonly SettingsLayer[]): ResolvedSettings {
  const origins = (Object.keys(SETTINGS_KEYS) as SettingsName[]).flatMap((key) => originsOf(key, layers));
  const words = origins.filter(({ key }) => key === 'allowedDomains').map(({ value }) => String(value));
  const variables = origins.flatMap(({ entry, value }) =>
    entry === undefined ? [] : [[entry, String(value)] as const],
  );
  const plain = origins.filter(({ key }) => key !== 'allowedDomains' && key !== 'environment');
  return {
    origins,
    settings: {
      ...BUILT_IN.settings,
      // Each value stands under the key that it was read from.
      ...(Object.fromEntries(plain.map(({ key, value }) => [key, value])) as WrittenSettings),
      allowedDomains: words,
      environment: Object.fromEntries(variables),
    } as Settings,
  };
}

function originsOf(key: SettingsName, layers: readonly SettingsLayer[]): readonly SettingOrigin[] {
  const having = layers.filter(({ settings }) => settings[key] !== undefined);
  const used = having.length === 0 && BUILT_IN.settings[key] !== undefined ? [BUILT_IN] : having;
  if (key === 'allowedDomains') {
    const words = new Map<string, string>();
    for (const { from, settings } of used)
      for (const word of settings.allowedDomains ?? []) if (!words.has(word)) words.set(word, from);
    return [...words].map(([value, from]) => ({ key, value, from }));
  }
  if (key === 'environment') {
    const entries = new Map<string, SettingOrigin>();
    for (const { from, settings } of used)
      for (const [entry, value] of Object.entries(settings.environment ?? {}))
        if (!entries.has(entry)) entries.set(entry, { key, entry, value, from });
    return [...entries.values()];
  }
  return used.slice(0, 1).map(({ from, settings }) => ({ key, value: settings[key], from }));
}
