const MASK = '[masked]';

/** What is a secret by its form, wherever it stands; the part in the first group stays. */
const SECRETS: readonly RegExp[] = [
  // The user information of a URL
  /(\b[a-z][a-z\d+.-]*:\/\/)[^\s/@?#]+(?=@)/gi,
  /(\b(?:bearer|basic|token)\s+)[\w.~+/=-]{8,}/gi,
  /([?&;](?:access_token|token|key|api_key|apikey|password|passwd|secret|sig|signature)=)[^\s&;#"']+/gi,
  /()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|pk-|ya29\.|AIza|AKIA|ASIA|npm_|hf_)[\w.-]{8,}/g,
  /()\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g,
  /()-----BEGIN [A-Z ]{2,40}-----[^-]{0,20000}(?:-----END [A-Z ]{2,40}-----)?/g,
];

/** Puts a mask where a text has what looks like a password, a token or a key. */
export function maskSecrets(text: string): string {
  return SECRETS.reduce((masked, secret) => masked.replace(secret, `$1${MASK}`), text);
}

/** The same for every text in a JSON value. */
export function maskValue<Value>(value: Value): Value {
  // The shape stays; only texts change.
  return masked(value) as Value;
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, masked(item)]])),
  );
}
