import type { Engine } from '../engine/engine.ts';
import { formatBlocked } from '../report/format-line.ts';
import { LogDestination } from '../report/log-destination.ts';

/** Writes a line for each refusal to a file of its own, beside the audit log. */
export function openBlockedLog(path: string, engine: Engine): { reopen(): void; close(): Promise<void> } {
  const destination = new LogDestination(path, () => engine.counters.auditWriteErrors++);
  const end = engine.audit.subscribe((event) => {
    if (event.decision === 'deny') destination.write(formatBlocked(event, new Date()));
  });
  return {
    reopen: () => destination.reopen(),
    close() {
      end();
      return destination.close();
    },
  };
}
