import type { Answer, HostRoutes, RequestHead, Router } from '@paude/credentials';
import type { LeafIssuer } from '../ca/leaf-issuer.ts';
import type { EngineContext, InterceptRequest, TunnelInterceptor } from '../engine/context.ts';
import type { Target } from '../engine/target.ts';
import { InterceptedConnection } from './intercepted-connection.ts';
import { InterceptedHttp1 } from './intercepted-http1.ts';
import type { TargetTls } from './target-tls.ts';

export interface InterceptorOptions {
  readonly router: Router;
  readonly leaves: LeafIssuer;
  readonly tls: TargetTls;
}

/** Ends the TLS of tunnels to hosts that have a credential route, and of no others. */
export class Interceptor implements TunnelInterceptor {
  readonly #context: EngineContext;
  readonly #options: InterceptorOptions;
  readonly #http1: InterceptedHttp1;

  constructor(context: EngineContext, options: InterceptorOptions) {
    this.#context = context;
    this.#options = options;
    this.#http1 = new InterceptedHttp1(context);
  }

  routesFor({ host, port }: Target): HostRoutes | undefined {
    return this.#options.router.routesFor(host, port);
  }

  intercept(request: InterceptRequest): void {
    const { leaves, tls } = this.#options;
    const connection = new InterceptedConnection(this.#context, request, { leaves, tls, http1: this.#http1 });
    connection.run().catch((error: unknown) => {
      this.#context.onDefect(error);
      connection.cut('internal-error');
    });
  }

  answerMetadata(head: RequestHead): Answer | undefined {
    return this.#options.router.answerMetadata(head);
  }

  stop(): void {
    this.#http1.stop();
  }
}
