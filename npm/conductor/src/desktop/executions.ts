/** The executions that pages started: those that run, and how the last ones ended. */
import type { ActiveExecution } from "../types/api.js";
import { type Keeping, KeptResults, type Lesser } from "./kept-results.js";

/** One execution that a page started. */
export interface Execution<R> extends ActiveExecution {
  /** Whether windows were told that it is cancelled. */
  cancelled: boolean;
  /** Whether it has a result. What it does may still go on. */
  answered: boolean;
  /** Settles with the result. */
  readonly done: Promise<R>;
  /** Gives it its result. */
  answer(result: R): void;
}

/** See the module's description. A page that was loaded anew finds its executions here, and so does a call that is made again. */
export class Executions<R> {
  /** Those that do something, by id; usually one each. */
  readonly #running = new Map<string, Execution<R>[]>();
  readonly #ended: KeptResults<R>;

  /** @param lesser smaller forms of results that are too large to be kept */
  constructor(keep: Keeping | undefined, lesser: Lesser<R>) {
    this.#ended = new KeptResults(keep ?? {}, lesser);
  }

  /** Notes an execution, until it leaves. */
  begin(executionId: string, nodeId: string): Execution<R> {
    let settle: (result: R) => void = () => {};
    const done = new Promise<R>((resolve) => {
      settle = resolve;
    });
    const execution: Execution<R> = {
      executionId,
      nodeId,
      startTime: Date.now(),
      cancelled: false,
      answered: false,
      done,
      answer: (result) => {
        execution.answered = true;
        this.#ended.add(execution, result);
        settle(result);
      },
    };
    const others = this.#running.get(executionId);
    if (others === undefined) this.#running.set(executionId, [execution]);
    else others.push(execution);
    return execution;
  }

  /** An execution does nothing any more. */
  leave(execution: Execution<R>): void {
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
  active(executionId: string): Execution<R>[] {
    return this.#running.get(executionId)?.filter(({ answered }) => !answered) ?? [];
  }

  /** All that have no result yet. */
  list(): Execution<R>[] {
    return [...this.#running.values()].flat().filter(({ answered }) => !answered);
  }

  /** The result of an execution, now or when it is there; `undefined` when it is not known. */
  result(executionId: string): Promise<R> | undefined {
    return this.active(executionId).at(-1)?.done ?? settled(this.#ended.find(executionId));
  }

  /**
   * The result of the same execution of the same node, when a caller asks for it once more while it goes on: the first
   * call may have been given up. What is over runs anew; whoever only wants its result attaches to it.
   */
  repeated(executionId: string, nodeId: string): Promise<R> | undefined {
    return this.#running.get(executionId)?.findLast((execution) => execution.nodeId === nodeId)?.done;
  }

  /** Forgets results, and keeps no more. */
  close(): void {
    this.#ended.close();
  }
}

/** What an execution is, as callers see it. */
export function activeOf({ executionId, nodeId, startTime }: ActiveExecution): ActiveExecution {
  return { executionId, nodeId, startTime };
}

function settled<R>(result: R | undefined): Promise<R> | undefined {
  return result === undefined ? undefined : Promise.resolve(result);
}
