/** The executions that pages started: those that run, and how the last ones ended. */
import type { ActiveExecution } from "../types/api.js";
import type { ExecutionResult } from "../types/execution.js";

/** How much is kept of what is over. */
export interface Keeping {
  /** Results at most. Default 100. */
  results?: number;
  /** For at most so many ms. Default 5 minutes. */
  ms?: number;
}

/** One execution that a page started. */
export interface Execution extends ActiveExecution {
  /** Whether windows were told that it is cancelled. */
  cancelled: boolean;
  /** Whether it has a result. What it does may still go on. */
  answered: boolean;
  /** Settles with the result. */
  readonly done: Promise<ExecutionResult>;
  /** Gives it its result. */
  answer(result: ExecutionResult): void;
}

const KEPT_RESULTS = 100;
const KEPT_MS = 5 * 60_000;

/** See the module's description. A page that was loaded anew finds its executions here. */
export class Executions {
  /** Those that do something, by id; usually one each. */
  readonly #running = new Map<string, Execution[]>();
  /** Results by execution id, the oldest first. */
  readonly #ended = new Map<string, { result: ExecutionResult; at: number }>();
  readonly #keep: Required<Keeping>;
  #timer: NodeJS.Timeout | undefined;

  constructor({ results = KEPT_RESULTS, ms = KEPT_MS }: Keeping = {}) {
    this.#keep = { results, ms };
  }

  /** Notes an execution, until it leaves. */
  begin(executionId: string, nodeId: string): Execution {
    let settle: (result: ExecutionResult) => void = () => {};
    const done = new Promise<ExecutionResult>((resolve) => {
      settle = resolve;
    });
    const execution: Execution = {
      executionId,
      nodeId,
      startTime: Date.now(),
      cancelled: false,
      answered: false,
      done,
      answer: (result) => {
        execution.answered = true;
        this.#remember(executionId, result);
        settle(result);
      },
    };
    const others = this.#running.get(executionId);
    if (others === undefined) this.#running.set(executionId, [execution]);
    else others.push(execution);
    return execution;
  }

  /** An execution does nothing any more. */
  leave(execution: Execution): void {
    const { executionId } = execution;
    const others = this.#running.get(executionId)?.filter((other) => other !== execution) ?? [];
    if (others.length === 0) this.#running.delete(executionId);
    else this.#running.set(executionId, others);
  }

  /** Whether a page started it, and it still does something. */
  has(executionId: string): boolean {
    return this.#running.has(executionId);
  }

  /** Those of an id that have no result yet. */
  active(executionId: string): Execution[] {
    return this.#running.get(executionId)?.filter(({ answered }) => !answered) ?? [];
  }

  /** All that have no result yet. */
  list(): Execution[] {
    return [...this.#running.values()].flat().filter(({ answered }) => !answered);
  }

  /** The result of an execution, now or when it is there; `undefined` when it is not known. */
  result(executionId: string): Promise<ExecutionResult> | undefined {
    const running = this.active(executionId).at(-1);
    if (running !== undefined) return running.done;
    this.#forgetOld();
    const ended = this.#ended.get(executionId);
    return ended === undefined ? undefined : Promise.resolve(ended.result);
  }

  /** Forgets results. */
  clear(): void {
    this.#ended.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #remember(executionId: string, result: ExecutionResult): void {
    this.#ended.delete(executionId);
    this.#ended.set(executionId, { result, at: performance.now() });
    if (this.#ended.size > this.#keep.results) {
      const [oldest] = this.#ended.keys();
      this.#ended.delete(oldest as string);
    }
    this.#timer ??= this.#wake(this.#keep.ms);
  }

  #forgetOld(): void {
    const now = performance.now();
    for (const [executionId, { at }] of this.#ended) {
      if (now - at < this.#keep.ms) return;
      this.#ended.delete(executionId);
    }
  }

  /** Values may be large: they go when their time is over, whether anybody asks or not. */
  #wake(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#forgetOld();
      const [oldest] = this.#ended.values();
      this.#timer =
        oldest === undefined ? undefined : this.#wake(Math.max(1, oldest.at + this.#keep.ms - performance.now()));
    }, ms).unref();
  }
}
