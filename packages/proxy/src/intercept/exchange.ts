import {
  type Answer,
  createScrubber,
  type Field,
  type HostRoutes,
  type Injected,
  type Injection,
  MAX_ANSWERED_BYTES,
  type RequestHead,
  type Route,
  scrubFields,
  scrubText,
} from '@paude/credentials';
import { HeadFault } from '../http1/write-head.ts';
import type { CloseFacts } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { renderRefusal } from '../report/refusal.ts';
import { BodyPipe, discarding } from './body-pipe.ts';
import { ExchangeReport, type ReportStage } from './exchange-report.ts';
import { collectBody } from './request-body.ts';
import { SecondTry } from './second-try.ts';
import {
  asFields,
  type ClientSide,
  type ResponseHead,
  type Switched,
  type TargetListener,
  type TargetRequest,
  type TargetResponse,
  type TargetSide,
} from './sides.ts';

/** The largest body that is read as a whole to be signed. */
const MAX_SIGNED_BYTES = 8 * 1024 * 1024;

const NO_SECRETS: readonly string[] = [];
const NO_FIELDS: readonly Field[] = [];
const NO_BYTES = Buffer.alloc(0);

/** Fields that ask for a body that cannot be searched for a secret. */
const ENCODED_OR_PARTIAL: ReadonlySet<string> = new Set(['accept-encoding', 'range', 'if-range']);
/** Errors of Node about fields that it does not send, such as a second Content-Type in HTTP/2. */
const FIELD_ERROR = /^ERR_(?:HTTP2?_|INVALID_)/;

/** Where an exchange takes place. */
export interface ExchangeStage extends ReportStage {
  readonly routes: HostRoutes;
  readonly target: TargetSide;
  /** Set when there is no connection to the target to be had. */
  readonly fault: { readonly reason: ReasonCode; readonly detail: string } | undefined;
  /** Whether the client has asked for too much lately. */
  readonly isLimited: boolean;
}

/**
 * One request inside of an intercepted tunnel: the credential is put on it, and taken out of what comes back. Nothing in
 * it waits that need not: most requests go on within the turn that they came in.
 */
export class Exchange {
  readonly #stage: ExchangeStage;
  readonly #client: ClientSide;
  readonly #report: ExchangeReport;
  #route: Route | undefined;
  #secrets = NO_SECRETS;
  /** Of the value that was injected last. */
  #generation = 0;
  #sent: TargetRequest | undefined;
  /** The whole body, when it had to be read before the request went on. */
  #body: Buffer | undefined;
  #secondTry: SecondTry | undefined;

  constructor(stage: ExchangeStage, client: ClientSide) {
    this.#stage = stage;
    this.#client = client;
    this.#report = new ExchangeReport(stage);
    client.onClose(() => this.end('client-closed'));
  }

  /** Serves the request. Throws or rejects only for a defect. */
  run(): Promise<void> | undefined {
    const { context, routes, isLimited } = this.#stage;
    const { head } = this.#client;
    if (context.closing) return this.refuse('shutting-down');
    if (isLimited) return this.refuse('rate-limited');
    if (head.method === 'TRACE' || head.method === 'CONNECT')
      // A target that answers TRACE would send the credential back.
      return this.refuse('method-not-supported', head.method);
    this.#route = routes.routeFor(head.path);
    this.#report.route = this.#route;
    return routes.mayAnswer(head) ? this.#answerOrInject() : this.#inject();
  }

  /** Refuses the request, also one that is on its way. */
  refuse(reason: ReasonCode, detail?: string): undefined {
    if (this.#report.isSettled) return undefined;
    const { record, facts } = this.#stage;
    this.#report.refuse(reason, detail);
    this.#sent?.abort();
    const client = this.#client;
    if (client.responded) return void client.abort();
    const { id, host, port } = record;
    const accept = valueIn(client.head.fields, 'accept');
    const refusal = renderRefusal({ id, reason, rule: facts.rule, detail, host, port }, accept);
    const { status, phrase, headers } = refusal;
    return this.#respond({ status, phrase, fields: asFields(headers), ended: false }, refusal.body);
  }

  /** Says how it ended, once: its client is served, or gone. @param reason If nothing else has ended it before. */
  end(reason: CloseFacts['reason']): void {
    if (this.#report.isClosed) return;
    if (!this.#report.isSettled) this.#sent?.abort();
    this.#report.close(reason);
  }

  async #answerOrInject(): Promise<void> {
    const { routes } = this.#stage;
    const whole = await this.#collect(MAX_ANSWERED_BYTES);
    if (whole === undefined) return undefined;
    const answer = routes.answer(this.#client.head, whole);
    return answer === undefined ? this.#inject() : this.#answer(answer);
  }

  #inject(): Promise<void> | undefined {
    const { fault } = this.#stage;
    const { head } = this.#client;
    if (fault !== undefined) return this.refuse(fault.reason, fault.detail);
    const route = this.#route;
    if (route === undefined) return this.#forward(head);
    if (this.#body === undefined && route.injector.needsBody(head)) return this.#injectWithBody(route);
    const injection = route.injector.inject(head, this.#body);
    return injection instanceof Promise
      ? injection.then((ready) => this.#onInjection(ready))
      : this.#onInjection(injection);
  }

  async #injectWithBody(route: Route): Promise<void> {
    const whole = await this.#collect(MAX_SIGNED_BYTES);
    if (whole !== undefined) return this.#onInjection(await route.injector.inject(this.#client.head, whole));
  }

  #onInjection(injection: Injection): Promise<void> | undefined {
    if (this.#report.isClosed || this.#report.isSettled) return undefined;
    if (injection.kind === 'refused') return this.refuse(injection.reason, injection.detail);
    return this.#forward(this.#take(injection));
  }

  #forward(head: RequestHead): Promise<void> | undefined {
    this.#report.allow();
    this.#stage.context.counters.allowed++;
    return this.#send(head);
  }

  #send(head: RequestHead): Promise<void> | undefined {
    const preparing = this.#stage.target.prepare();
    if (preparing === undefined) return this.#sendNow(head);
    return preparing.then((failure) => {
      if (this.#report.isClosed || this.#report.isSettled) return undefined;
      return failure === undefined ? this.#sendNow(head) : this.refuse(...failure);
    });
  }

  #sendNow(ready: RequestHead): undefined {
    const client = this.#client;
    const whole = this.#body;
    const { body, upgrade } = client;
    // Who has sent the whole body waits for nobody's consent.
    const head = whole === undefined ? ready : { ...ready, fields: without(ready.fields, 'expect') };
    let sent: TargetRequest | undefined;
    try {
      const options = { hasBody: body !== undefined, upgrade };
      // What is left of an exchange that was answered 401 has no say in the next.
      sent = this.#stage.target.send(
        head,
        options,
        this.#listener(() => this.#sent === sent),
      );
    } catch (error) {
      if (error instanceof HeadFault) return this.refuse('bad-request', error.message);
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!FIELD_ERROR.test(code)) throw error;
      return this.refuse('bad-request', code);
    }
    const request = sent;
    this.#sent = request;
    if (body === undefined) return undefined;
    if (whole !== undefined) {
      if (whole.length > 0) request.body.write(whole);
      return void request.end(behind(head, client.trailers()));
    }
    const pipe = new BodyPipe(body, request.body, {
      onBytes: (bytes) => {
        this.#report.bytesUp += bytes.length;
        this.#secondTry?.keep(bytes);
      },
      onEnd: () => request.end(behind(head, client.trailers())),
      // The client tells of its end itself.
      onBroken: () => undefined,
    });
    return void pipe.start();
  }

  #listener(isCurrent: () => boolean): TargetListener {
    return {
      onInformation: (status, fields) => {
        if (isCurrent()) this.#inform(status, fields);
      },
      onResponse: (response) => this.#onResponse(response),
      onUpgrade: (fields, target) => this.#onUpgrade(fields, target),
      onFailure: (reason, detail) => {
        if (isCurrent()) this.refuse(reason, detail);
      },
    };
  }

  /** Passes an interim response on; nobody depends on one that cannot be. */
  #inform(status: number, fields: readonly Field[]): void {
    if (this.#client.responded) return;
    try {
      this.#client.inform(status, scrubFields(fields, this.#secrets));
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!(error instanceof HeadFault) && !FIELD_ERROR.test(code)) throw error;
    }
  }

  #onResponse(response: TargetResponse): void {
    if (this.#isOver()) return this.#sent?.abort();
    const secondTry = this.#secondTry;
    if (secondTry?.isWanted(response.status) !== true) return this.#passOn(response);
    this.#tryAgain(secondTry, response).catch((error: unknown) => {
      this.#stage.context.onDefect(error);
      this.refuse('internal-error');
    });
  }

  async #tryAgain(secondTry: SecondTry, response: TargetResponse): Promise<void> {
    const repeated = await secondTry.prepare(this.#generation, this.#body);
    if (this.#isOver()) return undefined;
    if (repeated === undefined) return this.#passOn(response);
    this.#body = repeated.body;
    const head = this.#take(repeated.injection);
    // What is left of the answer belongs to nobody; the connection is of use again when it has been read.
    response.body.flowTo(discarding);
    return this.#send(head);
  }

  #passOn(response: TargetResponse): void {
    const client = this.#client;
    const report = this.#report;
    const scrubs = this.#route?.scrubBodies === true && this.#secrets.length > 0;
    const coding = scrubs ? valueIn(response.fields, 'content-encoding') : undefined;
    if (coding !== undefined && coding.toLowerCase() !== 'identity') {
      return this.refuse(
        'target-protocol-error',
        'its body is encoded, and cannot be searched for the credential',
      );
    }
    const { status, ended, body } = response;
    const phrase = scrubText(response.phrase, this.#secrets);
    const fields = scrubFields(response.fields, this.#secrets);
    let into: ReturnType<ClientSide['respond']>;
    try {
      into = client.respond({ status, phrase, fields, ended });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return this.refuse('target-protocol-error', code ?? 'a field that cannot be sent on');
    }
    report.status = status;
    report.contentLength = Number(valueIn(response.fields, 'content-length'));
    const onEnd = () => {
      // Broken off, or cut: this is no end that the client may take for one.
      if (report.isSettled) return;
      report.finish();
      // Asked before: what finishing throws away of the request never goes on, though it makes it complete.
      const isWhole = client.complete;
      client.finish(scrubFields(response.trailers(), this.#secrets));
      if (!isWhole) this.#sent?.abort();
    };
    if (into === undefined) {
      body.flowTo(discarding);
      return onEnd();
    }
    const pipe = new BodyPipe(
      body,
      into,
      {
        onBytes: (bytes) => {
          report.bytesDown += bytes.length;
        },
        onEnd,
        onBroken: (code) => this.refuse('target-reset', code),
      },
      scrubs ? createScrubber(this.#secrets) : undefined,
    );
    return pipe.start();
  }

  #onUpgrade(fields: readonly Field[], target: Switched): void {
    if (this.#isOver()) return target.destroy();
    const report = this.#report;
    report.status = 101;
    report.finish();
    return this.#client.switchTo?.(scrubFields(fields, this.#secrets), target, (count) => {
      report.bytesDown += count;
    });
  }

  /** Reads the whole body; undefined when the request has been refused for it, or is gone. */
  async #collect(maxBytes: number): Promise<Buffer | undefined> {
    const client = this.#client;
    if (client.body === undefined) return NO_BYTES;
    client.sendContinue();
    const collected = await collectBody(client.body, maxBytes);
    if (this.#isOver()) return undefined;
    if (collected.kind === 'whole') {
      this.#report.bytesUp += collected.bytes.length;
      this.#body = collected.bytes;
      return collected.bytes;
    }
    if (collected.kind === 'too-large') this.refuse('body-too-large', `over ${maxBytes} bytes`);
    else client.abort();
    return undefined;
  }

  #answer(answer: Answer): void {
    this.#report.answer(answer);
    const { status, fields, body } = answer;
    const length: Field = ['Content-Length', String(Buffer.byteLength(body))];
    this.#respond({ status, phrase: '', fields: [...fields, length], ended: false }, body);
  }

  #respond(head: ResponseHead, body: string): undefined {
    this.#report.status = head.status;
    const sink = this.#client.respond(head);
    if (body !== '') sink?.write(Buffer.from(body));
    return void this.#client.finish(NO_FIELDS);
  }

  #take({ head, secrets, generation }: Injected): RequestHead {
    const route = this.#route;
    this.#report.inject();
    // Of a value that was replaced on the way, both must stay out of the response.
    this.#secrets = this.#secrets.length === 0 ? secrets : [...new Set([...this.#secrets, ...secrets])];
    this.#generation = generation;
    if (route?.injector.refreshable === true) this.#secondTry ??= new SecondTry(route, this.#client);
    if (route?.scrubBodies !== true) return head;
    // A body must come as it is and as a whole: in parts of a few bytes each no part holds the secret.
    const fields = head.fields.filter(([name]) => !ENCODED_OR_PARTIAL.has(name.toLowerCase()));
    return { ...head, fields: [...fields, ['accept-encoding', 'identity']] };
  }

  /** Whether there is nobody, or nothing more, to be told. */
  #isOver(): boolean {
    return this.#report.isClosed || this.#report.isSettled;
  }
}

function without(fields: readonly Field[], name: string): Field[] {
  return fields.filter(([other]) => other.toLowerCase() !== name);
}

/**
 * The trailers that do not say again what the head says: a reader that merges them would put them in the place of it, and
 * so of the credential. Gateways count underscores for hyphens.
 */
function behind({ fields }: RequestHead, trailers: readonly Field[]): readonly Field[] {
  if (trailers.length === 0) return trailers;
  const inHead = new Set(fields.map(([name]) => plainName(name)));
  return trailers.filter(([name]) => !inHead.has(plainName(name)));
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function valueIn(fields: readonly Field[], name: string): string | undefined {
  for (const [other, value] of fields) {
    if (other.length === name.length && other.toLowerCase() === name) return value;
  }
  return undefined;
}
