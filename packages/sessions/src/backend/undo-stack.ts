/** What has been done so far, and how to undo it, in reverse. */
export class UndoStack {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(undo: () => Promise<unknown>): void {
    this.#steps.push(undo);
  }

  /** Undoes everything, past steps that fail: what is left over is found by its labels. */
  async unwind(): Promise<void> {
    for (const step of this.#steps.toReversed()) await step().catch(() => {});
    this.#steps.length = 0;
  }
}
