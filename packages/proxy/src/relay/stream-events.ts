/** What a stream says of itself: `connect`, `end` and `close` once each, `close` last. */
export type StreamEvent = 'connect' | 'end' | 'drain' | 'close';

type Listener = (error: Error) => void;
/** Nobody, one, or several; a list is never changed, so that who listens now can be told while others come and go. */
type Listeners = Listener | readonly Listener[] | undefined;

/**
 * The few events of a stream, by the names that `EventEmitter` has for them and at a fraction of its cost: it looks
 * listeners up by name, in a table for each stream. They are called in order, with the stream as `this`.
 */
export class StreamEvents {
  #connect: Listeners;
  #end: Listeners;
  #drain: Listeners;
  #close: Listeners;
  #error: Listeners;

  on(event: StreamEvent, listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: StreamEvent | 'error', listener: Listener): this {
    this.#set(event, withListener(this.#get(event), listener));
    return this;
  }

  once(event: StreamEvent, listener: () => void): this {
    // All others come once anyway.
    if (event !== 'drain') return this.on(event, listener);
    const once = () => {
      this.off(event, once);
      listener.call(this);
    };
    return this.on(event, once);
  }

  off(event: StreamEvent, listener: () => void): this;
  off(event: 'error', listener: (error: Error) => void): this;
  off(event: StreamEvent | 'error', listener: Listener): this {
    this.#set(event, withoutListener(this.#get(event), listener));
    return this;
  }

  removeAllListeners(): this {
    this.#connect = undefined;
    this.#end = undefined;
    this.#drain = undefined;
    this.#close = undefined;
    this.#error = undefined;
    return this;
  }

  /** Calls who listens. An exception goes on, and the rest is not called. */
  protected tell(event: StreamEvent): void;
  protected tell(event: 'error', error: Error): void;
  protected tell(event: StreamEvent | 'error', error?: Error): void {
    const listeners = this.#get(event);
    if (listeners === undefined) return;
    // Only listeners of `error` take an argument, and they get it.
    if (typeof listeners === 'function') return listeners.call(this, error as Error);
    for (const listener of listeners) listener.call(this, error as Error);
  }

  #get(event: StreamEvent | 'error'): Listeners {
    switch (event) {
      case 'connect':
        return this.#connect;
      case 'end':
        return this.#end;
      case 'drain':
        return this.#drain;
      case 'close':
        return this.#close;
      case 'error':
        return this.#error;
    }
  }

  #set(event: StreamEvent | 'error', listeners: Listeners): void {
    switch (event) {
      case 'connect':
        this.#connect = listeners;
        break;
      case 'end':
        this.#end = listeners;
        break;
      case 'drain':
        this.#drain = listeners;
        break;
      case 'close':
        this.#close = listeners;
        break;
      case 'error':
        this.#error = listeners;
        break;
    }
  }
}

function withListener(listeners: Listeners, listener: Listener): Listeners {
  if (listeners === undefined) return listener;
  return typeof listeners === 'function' ? [listeners, listener] : [...listeners, listener];
}

function withoutListener(listeners: Listeners, listener: Listener): Listeners {
  if (listeners === undefined || listeners === listener) return undefined;
  if (typeof listeners === 'function') return listeners;
  const left = listeners.filter((other) => other !== listener);
  return left.length === 1 ? left[0] : left;
}
