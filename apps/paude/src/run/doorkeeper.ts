import { askAtTerminal } from './terminal-question.ts';

/** What a person says of a host that the allowlist does not allow. */
type Answer = 'once' | 'run' | 'save' | 'no';

const ANSWERS: Readonly<Record<string, Answer>> = { o: 'once', r: 'run', s: 'save', n: 'no' };

/** What a doorkeeper works with. */
export interface DoorkeeperOptions {
  /** Asks a person, and gives the letter of the answer. @default at the terminal */
  readonly ask?: (question: string, keys: string) => Promise<string>;
  /** Around each question: nothing else may use the terminal meanwhile. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Puts the words in force. */
  readonly reload: () => Promise<void>;
  /** Keeps a word for later runs. */
  readonly save: (word: string) => void;
}

/** Offers what is blocked to a person at the terminal, one host after another, and keeps the answers. */
export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #words = new Set<string>();
  /** Words that go when nothing is open to their target any more. */
  readonly #once = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #asked = new Map<string, Promise<void>>();
  /** Questions are asked one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: DoorkeeperOptions) {
    this.#options = options;
  }

  /** Words that a person has added. */
  get words(): readonly string[] {
    return [...this.#words];
  }

  /** Asks about a target that is about to be refused; when this settles, the allowlist is to be asked again. */
  consider(host: string, port: number): Promise<void> {
    const word = wordFor(host, port);
    if (this.#refused.has(word)) return Promise.resolve();
    const before = this.#asked.get(word);
    if (before !== undefined) return before;
    const asked = this.#last.then(() => this.#ask(word, `${host}:${port}`));
    this.#last = asked.catch(() => undefined);
    this.#asked.set(word, asked);
    void asked.finally(() => this.#asked.delete(word)).catch(() => undefined);
    return asked;
  }

  /** Nothing is open to a target any more. */
  async closed(host: string, port: number): Promise<void> {
    const word = wordFor(host, port);
    if (!this.#once.delete(word)) return;
    this.#words.delete(word);
    await this.#options.reload();
  }

  async #ask(word: string, target: string): Promise<void> {
    const { ask = askAtTerminal, pause, resume, reload, save } = this.#options;
    pause();
    let answer: Answer;
    try {
      const question = `paude: ${target} is not allowed. Allow it [o]nce, for this [r]un, [s]ave it, or [N]o? `;
      answer = ANSWERS[await ask(question, 'orsn')] ?? 'no';
    } finally {
      resume();
    }
    if (answer === 'no') return void this.#refused.add(word);
    if (answer === 'save') save(word);
    if (answer === 'once') this.#once.add(word);
    this.#words.add(word);
    await reload();
  }
}

/** The word of an allowlist for one target and no other. */
function wordFor(host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host.includes('.') ? host : `${host}.`;
  return `${name}:${port}`;
}
