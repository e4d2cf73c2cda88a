/** What others do to the flows of a storage, told as if it were done here. */
import type { FlowDeletedEvent, FlowSummary } from "../types/flow.js";
import type { FlowChange, FlowEngine, Listed } from "./flow-store.js";

/** The flows that news are about, and whoever is told. */
export interface KnownFlows {
  /** A flow as lists show it; nothing for what is no flow, is gone again, or cannot be read. Never rejects. */
  summaryOf(engine: FlowEngine, item: Listed): Promise<FlowSummary | undefined>;
  /** Gives up what is known of a flow, and gives it. */
  forget(key: string): FlowSummary | undefined;
  tellSaved(flow: FlowSummary): void;
  tellDeleted(event: FlowDeletedEvent): void;
}

/** See the module's description. An engine that tells of others may keep the process alive while it is followed. */
export class FlowNews {
  private followed: { engine: FlowEngine | PromiseLike<FlowEngine>; leave: () => void } | undefined;
  /** News is told in its order, though some of it has to be read first. */
  private told: Promise<void> = Promise.resolve();

  constructor(private readonly flows: KnownFlows) {}

  /** Hears of others from this engine, or the one that is promised, and from no other. */
  follow(engine: FlowEngine | PromiseLike<FlowEngine>): void {
    if (this.followed?.engine === engine) return;
    this.leave();
    const followed = {
      engine,
      leave: changesOf(engine, (source, change) => {
        this.told = this.told.then(async () => {
          const tell = await this.newsOf(source, change);
          if (this.followed === followed) tell?.();
        });
      }),
    };
    this.followed = followed;
  }

  /** Hears of nobody any more. */
  leave(): void {
    this.followed?.leave();
    this.followed = undefined;
  }

  /** How to tell of a change; nothing for what is no flow, or is gone again. */
  private async newsOf(engine: FlowEngine, { key, kind, at, item }: FlowChange): Promise<(() => void) | undefined> {
    const before = this.flows.forget(key);
    if (kind === "saved") {
      const flow = await this.flows.summaryOf(engine, item ?? { key });
      return flow && (() => this.flows.tellSaved(flow));
    }
    const flow = item?.outline === undefined ? before : await this.flows.summaryOf(engine, item);
    // Where the engine does not show what it was, it may have been a flow.
    if (flow === undefined && item !== undefined) return undefined;
    const deleted = { id: key, name: flow?.name ?? key, deletedAt: at ?? new Date().toISOString() };
    return () => this.flows.tellDeleted(deleted);
  }
}

/** The changes that an engine tells of, until what is returned is called. */
function changesOf(
  engine: FlowEngine | PromiseLike<FlowEngine>,
  hear: (source: FlowEngine, change: FlowChange) => void,
): () => void {
  let leave: (() => void) | undefined;
  let isOver = false;
  const start = (source: FlowEngine) => {
    if (!isOver) leave = source.onChange?.((change) => hear(source, change));
  };
  // That there is no engine is told to those who use it.
  if (isPromised(engine)) engine.then(start, () => {});
  else start(engine);
  return () => {
    isOver = true;
    leave?.();
  };
}

function isPromised(engine: FlowEngine | PromiseLike<FlowEngine>): engine is PromiseLike<FlowEngine> {
  return typeof (engine as Partial<PromiseLike<FlowEngine>>).then === "function";
}
