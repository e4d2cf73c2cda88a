/** The executions that pages started: those that run, and how the last ones ended. */
import { ExecutionRegistry, type Registered } from "../executions/registry.js";
import type { ActiveExecution } from "../services/node.js";
import { createExecutionId, type ExecutionId } from "../types/ids.js";
import { ResultCache, type Retention, type Shrink } from "./result-cache.js";

/** One execution that a page started. */
export interface Execution<R> extends ActiveExecution, Registered {
  /** Whether windows were told that it is cancelled. */
  cancelled: boolean;
  /** Whether it has a result. What it does may still go on. */
  answered: boolean;
  /** Settles with the result. */
  readonly done: Promise<R>;
  /** Gives it its result. */
  answer(result: R): void;
}

/** How an execution is carried out. */
export interface Work<R> {
  /** Told before it begins. */
  begun?(execution: Execution<R>): void;
  run(execution: Execution<R>): Promise<R>;
  /** The result where `run` rejects. */
  failed(error: unknown, execution: Execution<R>): R;
  /** Gives it its result; by default nothing else happens then. */
  finish?(execution: Execution<R>, result: R): void;
}

/** Executions and their results. A page that was loaded anew finds its executions here, and so does a call that is made again. */
export class Executions<R> {
  /** Those that do something, by id; usually one each. */
  readonly #running = new ExecutionRegistry<Execution<R>>();
  readonly #ended: ResultCache<R>;

  /** @param shrink smaller forms of results that are too large to be kept */
  constructor(keep: Retention | undefined, shrink: Shrink<R>) {
    this.#ended = new ResultCache(keep ?? {}, shrink);
  }

  /**
   * Carries out an execution under the chosen id or a new one, and resolves with its result. When a caller asks for the
   * same execution of the same node once more while it goes on, that is the same one: the first call may have been given
   * up. What is over runs anew; a caller that only wants its result attaches to it. Never rejects.
   */
  carryOut(chosen: string | undefined, nodeId: string, work: Work<R>): Promise<R> {
    const same = chosen && this.#running.all(chosen).find((execution) => execution.nodeId === nodeId);
    if (same) return same.done;
    const execution = this.#begin(createExecutionId(chosen), nodeId);
    work.begun?.(execution);
    void this.#follow(execution, work);
    return execution.done;
  }

  async #follow(execution: Execution<R>, { run, failed, finish }: Work<R>): Promise<void> {
    let result: R;
    try {
      result = await run(execution);
    } catch (error) {
      result = failed(error, execution);
    }
    this.#running.end(execution);
    // It may have been answered as cancelled long ago.
    if (execution.answered) return;
    if (finish === undefined) execution.answer(result);
    else finish(execution, result);
  }

  #begin(executionId: ExecutionId, nodeId: string): Execution<R> {
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
    return this.#running.begin(execution);
  }

  /** Whether a page started it, and it still does something. */
  has(executionId: string): boolean {
    return this.#running.get(executionId) !== undefined;
  }

  /** Those of an id that have no result yet. */
  active(executionId: string): Execution<R>[] {
    return this.#running.all(executionId).filter(({ answered }) => !answered);
  }

  /** All that have no result yet. */
  list(): Execution<R>[] {
    return this.#running.list().filter(({ answered }) => !answered);
  }

  /** The result of an execution, now or when it is there; `undefined` when it is not known. */
  result(executionId: string): Promise<R> | undefined {
    return this.active(executionId)[0]?.done ?? settled(this.#ended.find(executionId));
  }

  /** Forgets results, and keeps no more. */
  close(): void {
    this.#ended.close();
  }
}

function settled<R>(result: R | undefined): Promise<R> | undefined {
  return result === undefined ? undefined : Promise.resolve(result);
}
