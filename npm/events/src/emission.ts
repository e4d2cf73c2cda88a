/** One emitted event from its first handler to the moment its outcome is known. */
import { messageOf } from "@atomiton/values";
import { EventError, eventText } from "./error.js";
import type { EventContext, Handler } from "./event-map.js";
import { isPromiseLike } from "./promise.js";
import { type WaitOptions, watch } from "./wait-options.js";

/** What one handler, or one other process with all its handlers, made of the event. */
export interface Outcome {
  /** Whether a handler ran. */
  readonly handled: boolean;
  /** Its answers in order, without undefined. */
  readonly answers: readonly unknown[];
  readonly error?: EventError;
}

const SILENT: Outcome = { handled: true, answers: [] };

/** `first` settles with the first answer in order, `all` with every answer. */
export type Want = "first" | "all";

export interface EmissionSetup {
  correlationId: string;
  bus: string;
  event: string;
  source: EventContext["source"];
  want: Want;
  requireHandler?: boolean | undefined;
}

/** Who is told of emissions. */
export interface EmissionHost {
  /** Gets failures that the emitter does not, because there was an answer or another failure came first. */
  report(error: EventError): void;
  /** Called once, when settled; `gaveUp` when it was for time, abort or close. */
  onSettled(emission: Emission, gaveUp: boolean): void;
}

/**
 * Handlers take places in order; the emission settles as soon as the places before an answer are known, or, with no
 * answer, when all are. With no answer the first failure in order rejects it.
 */
export class Emission {
  /** What handlers and observers get; one object for all of them. */
  readonly context: EventContext;
  readonly promise: Promise<unknown>;
  /** Whether any handler ran so far, here or elsewhere. */
  handled = false;

  readonly #setup: EmissionSetup;
  readonly #host: EmissionHost;
  readonly #outcomes: (Outcome | undefined)[] = [];
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: EventError) => void = () => {};
  #stopWatch: (() => void) | undefined;
  #abort: AbortController | undefined;
  #next = 0;
  #sealed = false;
  #state: "open" | "answered" | "over" = "open";

  constructor(setup: EmissionSetup, host: EmissionHost) {
    this.#setup = setup;
    this.#host = host;
    this.context = new Context(setup, () => this.#signal());
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#state !== "open";
  }

  /** Runs a handler in the next place. It never throws. */
  run(handler: Handler<never, unknown>, data: unknown): void {
    const place = this.takePlace();
    let answer: unknown;
    try {
      answer = handler(data as never, this.context);
      if (isPromiseLike(answer)) {
        answer.then(
          (value) => this.settlePlace(place, answered(value)),
          (thrown: unknown) => this.settlePlace(place, this.#failed(thrown)),
        );
        return;
      }
    } catch (thrown) {
      this.settlePlace(place, this.#failed(thrown));
      return;
    }
    this.settlePlace(place, answered(answer));
  }

  /** Fills the next place with a failure of something that stands for a handler, as its filter. */
  fail(thrown: unknown): void {
    this.settlePlace(this.takePlace(), this.#failed(thrown));
  }

  takePlace(): number {
    return this.#outcomes.push(undefined) - 1;
  }

  settlePlace(place: number, outcome: Outcome): void {
    if (outcome.handled) this.handled = true;
    if (this.#state !== "open") {
      if (this.#state === "answered" && outcome.error) this.#host.report(outcome.error);
      return;
    }
    this.#outcomes[place] = outcome;
    this.#advance();
  }

  /** No further places: settle when those there are known. From here on the emitter's timeout and signal count. */
  seal(options: WaitOptions = {}): void {
    this.#sealed = true;
    this.#advance();
    if (this.#state !== "open" || ((options.timeout ?? undefined) === undefined && !options.signal)) return;
    this.#stopWatch = watch(options, this.context, (error) => this.giveUp(error));
  }

  /** Rejects now, whatever is still running. */
  giveUp(error: EventError): void {
    if (this.#state !== "open") return;
    this.#end("over", true, () => this.#rejectWith(error));
    this.#abort ??= new AbortController();
    this.#abort.abort(error);
  }

  /** Made at the first look: most handlers never ask. */
  #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  #advance(): void {
    if (this.#state !== "open") return;
    for (; this.#next < this.#outcomes.length; this.#next++) {
      const outcome = this.#outcomes[this.#next];
      if (!outcome) return;
      if (this.#setup.want === "first" && outcome.answers.length > 0) return this.#answer(outcome.answers[0]);
    }
    if (this.#sealed) this.#conclude();
  }

  #conclude(): void {
    const answers = this.#outcomes.flatMap((outcome) => outcome?.answers ?? []);
    if (answers.length > 0) return this.#answer(answers);
    const [failure, ...others] = this.#failures();
    if (failure) {
      this.#end("over", false, () => this.#rejectWith(failure));
      for (const other of others) this.#host.report(other);
    } else if (this.#setup.requireHandler && !this.handled) {
      const { bus, event } = this.context;
      const message = `No handler is subscribed to ${eventText(bus, event)}: subscribe with bus.on("${event}", …) before it is emitted`;
      this.#end("over", false, () => this.#rejectWith(new EventError("NO_HANDLER", message, { bus, event })));
    } else {
      this.#end("over", false, () => this.#resolve(this.#setup.want === "all" ? [] : undefined));
    }
  }

  #answer(value: unknown): void {
    const failures = this.#failures();
    this.#end("answered", false, () => this.#resolve(value));
    for (const failure of failures) this.#host.report(failure);
  }

  #end(state: "answered" | "over", gaveUp: boolean, settle: () => void): void {
    this.#state = state;
    this.#stopWatch?.();
    this.#outcomes.length = 0;
    settle();
    this.#host.onSettled(this, gaveUp);
  }

  #rejectWith(error: EventError): void {
    // A handler's failure must not go unseen. The others tell only the emitter that it waited in vain, so an emit
    // that is not awaited must not become an unhandled rejection when a window closes or the events are closed.
    if (error.code !== "HANDLER_FAILED") this.promise.catch(() => {});
    this.#reject(error);
  }

  #failures(): EventError[] {
    return this.#outcomes.flatMap((outcome) => outcome?.error ?? []);
  }

  #failed(thrown: unknown): Outcome {
    const { bus, event } = this.context;
    const message = `A handler of ${eventText(bus, event)} failed: ${messageOf(thrown)}`;
    return {
      handled: true,
      answers: [],
      error: new EventError("HANDLER_FAILED", message, { bus, event, cause: thrown }),
    };
  }
}

/** A class, as a getter in an object literal would cost each event several times all the rest. */
class Context implements EventContext {
  readonly correlationId: string;
  readonly bus: string;
  readonly event: string;
  readonly source: EventContext["source"];
  readonly #signal: () => AbortSignal;

  constructor({ correlationId, bus, event, source }: EmissionSetup, signal: () => AbortSignal) {
    this.correlationId = correlationId;
    this.bus = bus;
    this.event = event;
    this.source = source;
    this.#signal = signal;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }
}

function answered(value: unknown): Outcome {
  return value === undefined ? SILENT : { handled: true, answers: [value] };
}
