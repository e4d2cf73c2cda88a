/** All buses of one process or page, and their links to others. */
import { type Bus, type BusHost, closedError, createBus } from "./bus.js";
import { Emission, type EmissionHost } from "./emission.js";
import type { Environment } from "./environment.js";
import type { EventError } from "./error.js";
import { type CreateId, checkId, createIdSource } from "./ids.js";
import type { Remote, RemoteSetup } from "./link/remote.js";
import { isPromiseLike } from "./promise.js";
import { createStream, type Stream } from "./stream.js";
import { abortedError, checkTimeout } from "./wait-options.js";

export interface EventManagerConfig {
  /** Makes correlation ids; random by default. */
  createId?: CreateId | undefined;
  /**
   * Gets the failures of handlers and observers that no emitter gets, because another handler answered or failed first.
   * By default their place and code are written to the console as an error, without messages or data; so they are when
   * onError itself throws or rejects.
   */
  onError?: ((error: EventError) => void) | undefined;
}

export interface EventManager {
  /**
   * The bus of this name; every call with the same name gives the same bus. Throws a `TypeError` for a name that is not
   * a non-empty string, and `CLOSED`.
   */
  createBus<Events extends object = Record<string, unknown>>(name: string): Bus<Events>;
  readonly ipc: {
    /** Whether these events are linked with another process, or would be as soon as one shows up. */
    isAvailable(): boolean;
    getEnvironment(): Environment;
  };
  getEnvironment(): Environment;
  /** Emits, waits and requests of other processes that are not settled, for tests and diagnostics; 0 when idle. */
  readonly pending: number;
  /**
   * Ends every subscription and link. What is pending rejects with `CLOSED`, as does everything after; handlers that run
   * are told through their signal. Closing again does nothing.
   */
  close(): void;
}

/** Where events run, and what they are linked with. */
export interface Linkage {
  environment: Environment;
  /** Whether there is anything to connect. */
  available: boolean;
  connect(setup: { newSession: CreateId; serve: RemoteSetup["serve"] }): Remote[];
}

/** Events with these links. */
export function createEvents({ createId, onError }: EventManagerConfig, linkage: Linkage): EventManager {
  const newId = createId ?? createIdSource();
  const report = (error: EventError) => tell(onError ?? writeError, error);
  const buses = new Map<string, { bus: Bus; stream: Stream }>();
  const emitted = new Map<string, Emission>();
  const served = new Set<Emission>();
  const waiting = new Set<() => void>();
  let remotes: Remote[] = [];
  let closed = false;

  const settled = (emission: Emission, gaveUp: boolean) => {
    if (served.delete(emission)) return;
    emitted.delete(emission.context.correlationId);
    for (const remote of remotes) remote.forget(emission.context.correlationId, gaveUp);
  };
  const watcher: EmissionHost = { report, onSettled: settled };

  const host: BusHost = {
    closed: () => closed,
    keepWaiting(rejectWait) {
      waiting.add(rejectWait);
      return () => waiting.delete(rejectWait);
    },
    emit(bus, event, data, options, want) {
      try {
        checkTimeout(options.timeout);
        if (closed) throw closedError(bus, event);
        if (options.signal?.aborted) throw abortedError(bus, event, options.signal);
        const correlationId = checkId(newId());
        if (emitted.has(correlationId)) throw new TypeError("createId must not return an id that is in use");
        const { requireHandler } = options;
        const emission = new Emission({ correlationId, bus, event, source: "local", want, requireHandler }, watcher);
        emitted.set(correlationId, emission);
        buses.get(bus)?.stream.deliver(emission, data, report);
        const question = { type: "event", id: correlationId, bus, event, data, want } as const;
        for (const remote of remotes) remote.ask(question, emission);
        // A local answer may be known already: the others handle the event all the same, but none is waited for.
        if (emission.settled) settled(emission, false);
        else emission.seal(options);
        return emission.promise;
      } catch (thrown) {
        return refused(thrown);
      }
    },
  };

  remotes = linkage.connect({
    newSession: () => checkId(newId()),
    serve({ id, bus, event, want, data }) {
      const stream = buses.get(bus)?.stream;
      if (!stream) return undefined;
      const emission = new Emission({ correlationId: id, bus, event, source: "remote", want }, watcher);
      served.add(emission);
      stream.deliver(emission, data, report);
      emission.seal();
      return emission;
    },
  });

  const getEnvironment = () => linkage.environment;
  return {
    createBus<Events extends object>(name: string) {
      if (typeof name !== "string" || name === "") throw new TypeError("A bus needs a name: a non-empty string");
      if (closed) throw closedError(name);
      let known = buses.get(name);
      if (!known) {
        const stream = createStream();
        known = { stream, bus: createBus(name, stream, host) };
        buses.set(name, known);
      }
      // The caller says what the bus carries: what another caller says of the same name is for both to agree on.
      return known.bus as unknown as Bus<Events>;
    },
    ipc: { isAvailable: () => !closed && linkage.available, getEnvironment },
    getEnvironment,
    get pending() {
      return remotes.reduce((sum, remote) => sum + remote.pending, emitted.size + served.size + waiting.size);
    },
    close() {
      if (closed) return;
      closed = true;
      for (const emission of [...emitted.values(), ...served]) {
        emission.giveUp(closedError(emission.context.bus, emission.context.event));
      }
      for (const rejectWait of [...waiting]) rejectWait();
      for (const { stream } of buses.values()) stream.clear();
      for (const remote of remotes) remote.close();
      buses.clear();
    },
  };
}

function refused(thrown: unknown): Promise<never> {
  const promise = Promise.reject(thrown);
  promise.catch(() => {});
  return promise;
}

function tell(onError: (error: EventError) => void, error: EventError): void {
  try {
    const told: unknown = onError(error);
    if (isPromiseLike(told)) told.then(undefined, () => writeError(error));
  } catch {
    writeError(error);
  }
}

function writeError({ code, bus, event }: EventError): void {
  console.error(`[events] ${code} for event "${event}" on bus "${bus}": give createEventManager an onError to see why`);
}
