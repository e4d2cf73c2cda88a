import { createEventManager, type EventManager, type Link } from "../../src/exports/desktop.js";

type Ipc = Exclude<NonNullable<Parameters<typeof createEventManager>[0]>["ipc"], false | undefined>;
type Limits = Pick<Ipc, "maxMessageBytes" | "connectTimeout">;

/** One end of a wire in memory: messages are cloned and arrive in a later microtask, as between processes. */
export interface WireEnd extends Link {
  /** Everything that was sent from here. */
  readonly sent: Record<string, unknown>[];
  readonly closed: boolean;
  /** Lets a message arrive here, whoever made it. */
  arrive(message: unknown): void;
  /** The process on the other side is gone. */
  lose(reason: string): void;
  listening: boolean;
}

export function createWire(): [WireEnd, WireEnd] {
  const end = (other: () => WireEnd): WireEnd => {
    const sent: Record<string, unknown>[] = [];
    let listener: ((message: unknown) => void) | undefined;
    let gone: ((reason: string) => void) | undefined;
    let closed = false;
    return {
      sent,
      listening: true,
      get closed() {
        return closed;
      },
      send(message) {
        const clone = structuredClone(message);
        sent.push(clone as unknown as Record<string, unknown>);
        queueMicrotask(() => other().arrive(clone));
      },
      onMessage(callback) {
        listener = callback;
        return () => {
          listener = undefined;
        };
      },
      onGone(callback) {
        gone = callback;
        return () => {
          gone = undefined;
        };
      },
      close() {
        closed = true;
      },
      arrive(message) {
        if (this.listening) listener?.(message);
      },
      lose: (reason) => gone?.(reason),
    };
  };
  const near: WireEnd = end(() => far);
  const far: WireEnd = end(() => near);
  return [near, far];
}

export interface Events {
  execute: { data: unknown; answer: unknown };
  complete: string;
}

export function linked(link: Link, limits: Limits = {}) {
  const events: EventManager = createEventManager({ ipc: { link, ...limits } });
  return { events, bus: events.createBus<Events>("conductor") };
}

/** Two event managers over one wire. */
export function createLinkedPair(limits: Limits = {}) {
  const [nearWire, farWire] = createWire();
  const near = linked(nearWire, limits);
  const far = linked(farWire, limits);
  return { near, far, nearWire, farWire };
}
