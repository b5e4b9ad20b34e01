import { expect } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { type OriginHandler, type SecureOrigin, secureOrigin, textHandler } from '../support/origins.ts';
import type { ProcessResult } from '../support/processes.ts';
import { type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { openSession, type StubSession } from './session.ts';

/** The name of the origin; only the proxy knows its address. */
export const NAME = 'origin.test';
export const GREETING = 'hello from the origin';

/** An origin behind the proxy whose certificate is of the test authority, and two sessions. */
export interface StubLab extends AsyncDisposable {
  readonly origin: SecureOrigin;
  readonly proxy: ProxyProcess;
  /** `https://origin.test:PORT` */
  readonly url: string;
  /** Its stubs are for the test authority. */
  readonly session: StubSession;
  /** Its stubs are for another authority, so that they are all that differs. */
  readonly stranger: StubSession;
}

/** Starts all of it. */
export async function stubLab(handler: OriginHandler = textHandler(GREETING)): Promise<StubLab> {
  await using started = new AsyncDisposableStack();
  const origin = started.use(await secureOrigin(handler, { names: [NAME] }));
  const local = ['--host', `${NAME}=127.0.0.1`, '--allow-private', '127.0.0.1/32'];
  const proxy = started.use(await startProxy([...local, '--allowed-domains', `${NAME}:${origin.port}`]));
  const sessionFor = async (authority: string) =>
    started.use(await openSession({ proxyUrl: proxy.url, caPem: await authorityPem(authority) }));
  const session = await sessionFor('test');
  const stranger = await sessionFor('stranger');
  const all = started.move();
  return {
    origin,
    proxy,
    url: `https://${NAME}:${origin.port}`,
    session,
    stranger,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/**
 * Runs a program in both sessions: it must work where the authority is trusted, and be kept from saying anything to the
 * origin where it is not.
 *
 * @param run Runs the program in a session.
 * @param expected What it prints when it works, and what it says of a certificate that it does not trust.
 * @returns what it said where it works.
 */
export async function expectTrust(
  { origin, session, stranger }: StubLab,
  run: (session: StubSession) => Promise<ProcessResult>,
  { prints, refuses }: { readonly prints: string | RegExp; readonly refuses: RegExp },
): Promise<ProcessResult> {
  const before = origin.requests.length;
  const works = await run(session);
  expect(works.code, `${works.stdout}\n${works.stderr}`).toBe(0);
  expect(works.stdout).toMatch(prints);
  const reached = origin.requests.length;
  expect(reached).toBeGreaterThan(before);
  const fails = await run(stranger);
  expect(fails.code, fails.stdout).not.toBe(0);
  expect(`${fails.stdout}\n${fails.stderr}`).toMatch(refuses);
  expect(origin.requests.length).toBe(reached);
  return works;
}
