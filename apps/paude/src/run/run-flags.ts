import type { MakerName } from '@paude/sessions/local';

/** The flags of `paude run`, as commander hands them over. */
export interface RunFlags {
  readonly allowedDomains?: readonly string[];
  readonly allowlist?: string;
  readonly agent?: string;
  readonly reportOnly?: boolean;
  readonly ask?: boolean;
  readonly save?: string;
  readonly allowPrivate?: readonly string[];
  readonly host?: readonly string[];
  readonly dns?: readonly string[];
  readonly upstream?: string;
  readonly config?: string;
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly hide?: readonly string[];
  readonly sandboxFs: boolean;
  readonly sandbox?: MakerName;
  readonly env?: readonly string[];
  readonly credentials?: string;
  readonly defaultCredentials: boolean;
  readonly credentialState?: string;
  readonly upstreamCa?: string;
  readonly log?: string;
  readonly logFormat?: 'json' | 'pretty' | 'squid';
  readonly trustProject?: boolean;
  readonly quiet?: boolean;
  readonly output: 'text' | 'json';
}
