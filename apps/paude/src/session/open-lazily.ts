import type { OpenSessions } from './sessions.ts';

/** Loads what sessions need when a command asks for it. */
export const openLazily: OpenSessions = async (io) => (await import('./open-sessions.ts')).openSessions(io);
