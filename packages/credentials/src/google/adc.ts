import { objectAt, parseJson, textOf } from '../json.ts';

/** What credentials say that is no secret. */
export interface AdcFacts {
  readonly universeDomain: string;
  readonly quotaProject: string | undefined;
  readonly projectId: string | undefined;
}

/** Application Default Credentials, checked as far as we read them ourselves (https://google.aip.dev/auth/4110). */
export interface Adc extends AdcFacts {
  readonly type: AdcType;
  /** The parsed file with its secrets, for the library that reads the rest. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The kinds of credentials that are understood. */
export type AdcType =
  | 'authorized_user'
  | 'service_account'
  | 'external_account'
  | 'external_account_authorized_user'
  | 'impersonated_service_account';

const REQUIRED: Readonly<Record<AdcType, readonly string[]>> = {
  authorized_user: ['client_id', 'client_secret', 'refresh_token'],
  service_account: ['client_email', 'private_key'],
  external_account: ['audience', 'subject_token_type'],
  external_account_authorized_user: ['client_id', 'client_secret', 'refresh_token'],
  impersonated_service_account: ['service_account_impersonation_url'],
};

/** What may be done with credentials. */
export interface AdcRules {
  /** Whether credentials may name a program to run (`credential_source.executable`). */
  readonly allowExecutable: boolean;
}

/**
 * Reads Application Default Credentials.
 *
 * @returns them, or why they cannot be used, as a clause that quotes nothing of them.
 */
export function readAdc(text: string, rules: AdcRules): Adc | string {
  const json = objectAt(parseJson(text));
  return json === undefined ? 'holds no JSON object' : checkAdc(json, rules, 0);
}

/** The same for parsed credentials; impersonation has others inside it. */
export function checkAdc(
  json: Readonly<Record<string, unknown>>,
  rules: AdcRules,
  depth: number,
): Adc | string {
  const { type } = json;
  if (!isAdcType(type)) {
    return `holds no credentials of a type that is understood (${Object.keys(REQUIRED).join(', ')})`;
  }
  const missing = REQUIRED[type].find((key) => textOf(json[key]) === undefined);
  if (missing !== undefined) return `holds credentials of type ${type} without ${missing}`;
  if (type === 'external_account') {
    const fault = sourceFault(json, rules);
    if (fault !== undefined) return fault;
  }
  if (type === 'impersonated_service_account') {
    const inner = objectAt(json, 'source_credentials');
    if (inner === undefined || depth > 0)
      return 'holds credentials of type impersonated_service_account without source_credentials';
    const source = checkAdc(inner, rules, depth + 1);
    if (typeof source === 'string') return `${source} (in source_credentials)`;
  }
  return {
    type,
    json,
    universeDomain: textOf(json.universe_domain) ?? 'googleapis.com',
    quotaProject: textOf(json.quota_project_id),
    projectId: textOf(json.project_id),
  };
}

/** Where the subject token of workload identity federation comes from. */
function sourceFault(
  json: Readonly<Record<string, unknown>>,
  { allowExecutable }: AdcRules,
): string | undefined {
  const source = objectAt(json, 'credential_source');
  if (source === undefined) return 'holds credentials of type external_account without credential_source';
  if (source.executable !== undefined && !allowExecutable) {
    return 'names a program to run (credential_source.executable); set allowExecutable if it is to be run in the proxy';
  }
  if (source.certificate !== undefined)
    return 'asks for mutual TLS (credential_source.certificate), which is not supported';
  return undefined;
}

function isAdcType(type: unknown): type is AdcType {
  return typeof type === 'string' && Object.hasOwn(REQUIRED, type);
}
