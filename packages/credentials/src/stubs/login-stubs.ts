import { objectAt, textOf } from '../json.ts';
import { CLAUDE } from '../oauth/claude.ts';
import { CODEX } from '../oauth/codex.ts';
import { STUB } from '../request/stub.ts';

/** The end of 2099: nothing that reads this has a reason to refresh. */
const FAR_MS = 4_102_444_799_000;

/**
 * What Google's client libraries take for the login of a person (`gcloud auth application-default login`): these four
 * fields are all that they ask for. More would do harm: a quota project would go onto every request.
 */
export function googleStub(): string {
  return json({ type: 'authorized_user', client_id: STUB, client_secret: STUB, refresh_token: STUB });
}

/** What Claude Code keeps as `.credentials.json` after a login with a subscription. */
export function claudeStub(): string {
  const scope = textOf(objectAt(CLAUDE.vended(STUB))?.scope) ?? '';
  return json({
    claudeAiOauth: { accessToken: STUB, refreshToken: STUB, expiresAt: FAR_MS, scopes: scope.split(' ') },
  });
}

/** What Codex keeps as `auth.json` after a login with a ChatGPT plan: its tokens are JWTs that it reads claims out of. */
export function codexStub(): string {
  const vended = objectAt(CODEX.vended(STUB));
  return json({
    OPENAI_API_KEY: null,
    tokens: {
      id_token: vended?.id_token,
      access_token: vended?.access_token,
      refresh_token: vended?.refresh_token,
      account_id: STUB,
    },
    last_refresh: new Date(FAR_MS).toISOString(),
  });
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
