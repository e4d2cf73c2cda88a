/** The way to the other side, which is made when it is needed and ends when it is no longer needed. */
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { RemoteTransport, TransportType } from "../types/transport.js";
import { TransportError } from "./failure.js";

/** How long a transport lasts. */
export interface Lifetime {
  /** Fires when the transport is shut down. */
  readonly ended: AbortSignal;
  /** Tracks work that needs the transport, so that it lasts until the work is done, even while no call is under way. */
  track<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * A transport that is made at its first use: what is wrong with its settings is an error of the calls, not of the code that
 * prepares them. After `shutdown` calls reject with `NO_TRANSPORT`.
 */
export class LazyTransport implements RemoteTransport, Lifetime {
  readonly type: TransportType;
  readonly #make: () => RemoteTransport;
  readonly #ended = new AbortController();
  #transport: RemoteTransport | undefined;
  /** How much is not done yet. */
  #pending = 0;
  #retired: (() => void) | undefined;

  constructor(type: TransportType, make: () => RemoteTransport) {
    this.type = type;
    this.#make = make;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Makes the transport, if it was not made yet. Throws what is wrong with its settings. */
  open(): RemoteTransport {
    if (this.ended.aborted) throw new TransportError("NO_TRANSPORT", "The transport was shut down");
    this.#transport ??= this.#make();
    return this.#transport;
  }

  call(...call: Parameters<RemoteTransport["call"]>): Promise<unknown> {
    return this.track(async () => this.open().call(...call));
  }

  execute(request: ExecutionRequest): Promise<RequestResult> {
    return this.track(async () => this.open().execute(request));
  }

  listen(channel: string, event: string, callback: (data: unknown) => void): () => void {
    return this.open().listen(channel, event, callback);
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#pending++;
    try {
      return await work();
    } finally {
      this.#pending--;
      if (this.#pending === 0) this.#retired?.();
    }
  }

  /** Shuts down as soon as nothing is pending. Resolves then. */
  async retire(): Promise<void> {
    if (this.#pending > 0 && !this.ended.aborted) {
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
        this.ended.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    await this.shutdown();
  }

  async shutdown(): Promise<void> {
    this.#ended.abort();
    await this.#transport?.shutdown();
  }
}
