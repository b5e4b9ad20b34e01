/** Turns of the loop that a request waits for others at most. */
const MAX_TURNS = 16;

/** Something that is ready to be served. */
export interface Ready {
  /** Called once or more; only the first call counts. Must not throw. */
  serve(): void;
}

/**
 * Gathers what is ready while connections still come in, and serves it together. A turn of the loop accepts one
 * connection (libuv); served as they come, each would dial by itself, and each dial would wake the other side: on
 * loopback and between virtual machines that costs more than all else. Who comes alone waits for one turn.
 */
export class Gathering {
  #ready: Ready[] = [];
  #isArmed = false;
  #hasAccepted = false;
  #turns = 0;

  /** To be called for each connection that comes in: more may be waiting behind it. */
  accepted(): void {
    this.#hasAccepted = true;
  }

  add(ready: Ready): void {
    this.#ready.push(ready);
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#onTurn);
  }

  /** Serves what is there now. */
  serve(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const one of ready) one.serve();
  }

  readonly #onTurn = (): void => {
    const isMoreToCome = this.#hasAccepted && ++this.#turns < MAX_TURNS;
    this.#hasAccepted = false;
    if (isMoreToCome) return void setImmediate(this.#onTurn);
    this.#isArmed = false;
    this.#turns = 0;
    this.serve();
  };
}
