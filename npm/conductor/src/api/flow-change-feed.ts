/** Changes that others make to the flows of a storage, reported as if they were made here. */
import type { FlowDeletedEvent, FlowSummary } from "../types/flow.js";
import type { FlowChange, FlowEngine, Listed } from "./flow-store.js";

/** The flows that a feed is about, and what is called for their changes. */
export interface KnownFlows {
  /** A flow as lists show it; nothing for what is no flow, is gone again, or cannot be read. Never rejects. */
  summaryOf(engine: FlowEngine, item: Listed): Promise<FlowSummary | undefined>;
  /** Drops what is known of a flow, and returns it. */
  forget(key: string): FlowSummary | undefined;
  emitSaved(flow: FlowSummary): void;
  emitDeleted(event: FlowDeletedEvent): void;
}

/** Follows the changes of one engine. An engine that reports changes of others may keep the process alive while it is followed. */
export class FlowChangeFeed {
  private followed: { engine: FlowEngine | PromiseLike<FlowEngine>; unsubscribe: () => void } | undefined;
  /** Changes are reported in their order, though some flows have to be read first. */
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly flows: KnownFlows) {}

  /** Follows this engine, or the one that is promised, and no other. */
  follow(engine: FlowEngine | PromiseLike<FlowEngine>): void {
    if (this.followed?.engine === engine) return;
    this.unfollow();
    const followed = {
      engine,
      unsubscribe: subscribe(engine, (source, change) => {
        this.last = this.last.then(async () => {
          const emit = await this.eventOf(source, change);
          if (this.followed === followed) emit?.();
        });
      }),
    };
    this.followed = followed;
  }

  /** Follows no engine any more. */
  unfollow(): void {
    this.followed?.unsubscribe();
    this.followed = undefined;
  }

  /** Emits the event of a change; nothing for what is no flow, or is gone again. */
  private async eventOf(engine: FlowEngine, { key, kind, at, item }: FlowChange): Promise<(() => void) | undefined> {
    const before = this.flows.forget(key);
    if (kind === "saved") {
      const flow = await this.flows.summaryOf(engine, item ?? { key });
      return flow && (() => this.flows.emitSaved(flow));
    }
    const flow = item?.outline === undefined ? before : await this.flows.summaryOf(engine, item);
    // Where the engine does not show what it was, it may have been a flow.
    if (flow === undefined && item !== undefined) return undefined;
    const deleted = { id: key, name: flow?.name ?? key, deletedAt: at ?? new Date().toISOString() };
    return () => this.flows.emitDeleted(deleted);
  }
}

/** Calls back for the changes that an engine reports, until what is returned is called. */
function subscribe(
  engine: FlowEngine | PromiseLike<FlowEngine>,
  onChange: (source: FlowEngine, change: FlowChange) => void,
): () => void {
  let unsubscribe: (() => void) | undefined;
  let isOver = false;
  const start = (source: FlowEngine) => {
    if (!isOver) unsubscribe = source.onChange?.((change) => onChange(source, change));
  };
  // Calls that need the engine report that it is missing.
  if (isPromised(engine)) engine.then(start, () => {});
  else start(engine);
  return () => {
    isOver = true;
    unsubscribe?.();
  };
}

function isPromised(engine: FlowEngine | PromiseLike<FlowEngine>): engine is PromiseLike<FlowEngine> {
  return typeof (engine as Partial<PromiseLike<FlowEngine>>).then === "function";
}
