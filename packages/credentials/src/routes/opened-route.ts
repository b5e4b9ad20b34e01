import type { Allowlist } from '@paude/allowlist';
import type { Answerer } from '../answers/answer.ts';
import type { MetadataFacts } from '../google/answer-metadata.ts';
import type { Injector } from '../injectors/injector.ts';
import { fileExposure } from '../secrets/file-exposure.ts';
import type { SecretSource } from '../secrets/secret-source.ts';
import type { WrittenSecretFrom } from './schema.ts';

/** Something that is wrong with where a route's secret comes from. */
export interface SourceFault {
  readonly code: 'credential-unavailable' | 'secret-exposed' | 'state-not-kept';
  /** A clause that names the source. */
  readonly detail: string;
  readonly remedy: string;
}

/** A route that is ready for requests. */
export interface OpenRoute {
  readonly injector: Injector;
  /** Requests that are answered in place of the service. */
  readonly answering?: {
    /** Hosts at which, beside those of the route. */
    readonly hosts: Allowlist;
    readonly answerer: Answerer;
  };
  /** What a stand-in for the metadata server says, for the routes that have one. */
  readonly metadata?: () => MetadataFacts;
  /** What is wrong now; asks no service. */
  check(): Promise<readonly SourceFault[]>;
}

/** A route whose injector needs nothing but secrets. */
export function openValueRoute(
  injector: Injector,
  places: readonly WrittenSecretFrom[],
  secrets: readonly SecretSource[],
): OpenRoute {
  return {
    injector,
    async check() {
      const [readings, exposed] = await Promise.all([
        Promise.all(secrets.map((secret) => secret.read())),
        Promise.all(places.map(exposureFault)),
      ]);
      const faults = readings.flatMap((reading) =>
        reading.kind === 'fault' ? [unavailable(reading.detail)] : [],
      );
      return [...faults, ...exposed.filter((fault) => fault !== undefined)];
    },
  };
}

/** The fault of a source that has no usable value. */
export function unavailable(detail: string): SourceFault {
  return {
    code: 'credential-unavailable',
    detail,
    remedy: 'Put the secret there; until then its requests are refused',
  };
}

/** The fault of a file that others can read. */
export async function exposureFault(place: WrittenSecretFrom): Promise<SourceFault | undefined> {
  const detail = 'file' in place ? await fileExposure(place.file) : undefined;
  if (detail === undefined) return undefined;
  return { code: 'secret-exposed', detail, remedy: 'Take the rights of others away (chmod 600)' };
}
