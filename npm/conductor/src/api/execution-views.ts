/** Executions of a store as callers look at them from here, wherever the store is: replays, and changes as they come. */
import type { StoredExecution } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";

import { coded } from "../engine/failure.js";
import type { Isolate } from "../events/isolate.js";
import { isFinished } from "../executions/status.js";
import type { Unsubscribe } from "../services/declaration.js";
import type { ExecutionsApi } from "../services/executions.js";
import type { Replay } from "../types/replay.js";

/** Looks at executions of a store. */
export interface ExecutionViews {
  /**
   * Opens an execution to step through it, up to now or to its end. Over a transport it is fetched as a whole first. Rejects as
   * `executions.export`, and with DESERIALIZATION_FAILED for records that cannot be read.
   */
  replay(executionId: string): Promise<Replay>;
  /**
   * Calls back with how an execution stands: once at the beginning, then whenever its row changed or it has new records (`sequence`),
   * also when another process writes it, which is seen at most five seconds late. Ends by itself when the execution is over, and when
   * the conductor is shut down. `onError` is told once where the execution cannot be followed, with NODE_NOT_FOUND where there is no such execution;
   * without it, the log is.
   */
  subscribe(
    executionId: string,
    callback: (execution: StoredExecution) => void,
    onError?: (error: Error) => void,
  ): Unsubscribe;
}

/** Between two looks at the store, in ms: after a change, and at most. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

/** The views of one conductor. */
export class Views {
  /** The subscriptions that go on. */
  private readonly open = new Set<Unsubscribe>();

  /** @param durability gives the durability of this conductor, which reports the executions that it wrote; missing without a store */
  constructor(
    private readonly executions: ExecutionsApi,
    private readonly durability: (() => Promise<{ onWritten: Set<(id: string) => void> }>) | undefined,
    private readonly isolate: Isolate,
    private readonly warn: (message: string) => void,
  ) {}

  readonly api: ExecutionViews = {
    replay: async (executionId) => {
      const [{ openReplay }, bytes] = await Promise.all([
        import("./replay/replay.js"),
        this.executions.export(executionId),
      ]);
      return openReplay(bytes);
    },
    subscribe: (executionId, callback, onError) => this.subscribe(executionId, callback, onError),
  };

  /** The file of an execution, without what is to be left out of it: servers of earlier versions leave nothing out, and do not say so. */
  readonly export: ExecutionsApi["export"] = async (executionId, options) => {
    // Without options none is sent.
    if (options === undefined) return this.executions.export(executionId);
    const bytes = await this.executions.export(executionId, options);
    const { withoutValues = false, redact = [] } = options ?? {};
    if (!withoutValues && redact.length === 0) return bytes;
    const { leftOut } = (await import("./replay/replay.js")).openReplay(bytes);
    const isLeftOut = withoutValues
      ? leftOut?.values === true
      : leftOut?.values === true || redact.every((path) => leftOut?.redact?.includes(path));
    if (isLeftOut) return bytes;
    const message = `Nothing was left out of the file of the execution ${executionId}: the server is of an earlier version, which cannot do that. Update it`;
    throw coded("IMPLEMENTATION_NOT_FOUND", message, undefined);
  };

  /** Ends all subscriptions. */
  close(): void {
    for (const end of [...this.open]) end();
  }

  private subscribe(
    executionId: string,
    callback: (execution: StoredExecution) => void,
    onError = (error: Error) => this.warn(`The execution ${executionId} cannot be followed: ${messageOf(error)}`),
  ): Unsubscribe {
    let isOver = false;
    let isAsking = false;
    let isNews = false;
    let last = "";
    let delay = FIRST_DELAY_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let written: Set<(id: string) => void> | undefined;
    const end = () => {
      isOver = true;
      clearTimeout(timer);
      written?.delete(onWritten);
      this.open.delete(end);
    };
    const tell = (row: StoredExecution) => {
      const text = JSON.stringify(row);
      delay = text === last ? Math.min(delay * 2, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
      if (text === last) return;
      last = text;
      if (isFinished(row.status)) end();
      this.isolate(callback, () => callback(row));
    };
    const look = async () => {
      isAsking = true;
      clearTimeout(timer);
      do {
        isNews = false;
        try {
          const row = await this.executions.get(executionId);
          if (!isOver) tell(row);
        } catch (error) {
          if (isOver) return;
          end();
          this.isolate(onError, () => onError(error as Error));
        }
      } while (isNews && !isOver);
      isAsking = false;
      if (!isOver) timer = setTimeout(look, delay);
    };
    const onWritten = (id: string) => {
      if (id !== executionId) return;
      isNews = true;
      if (!isAsking) void look();
    };
    this.open.add(end);
    this.durability?.().then(
      (durability) => {
        written = durability.onWritten;
        if (!isOver) written.add(onWritten);
      },
      // Told by the first look.
      () => {},
    );
    void look();
    return end;
  }
}
