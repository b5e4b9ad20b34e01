export { nearest } from './nearest.ts';
export { type ErrorParts, PaudeError } from './paude-error.ts';
export { quoteInput } from './quote-input.ts';
