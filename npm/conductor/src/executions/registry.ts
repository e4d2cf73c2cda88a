/** Executions that are not over, by id; several may share one. */
import type { ActiveExecution } from "../services/node.js";
import type { ExecutionId } from "../types/ids.js";

/** What the registry needs to know of an execution. */
export interface Registered {
  executionId: ExecutionId;
  /** Ids of the executions that it was started from within, the nearest first. Default: what its own id says. */
  readonly parents?: readonly string[];
  /** Another execution of the same id, which the registry sets. */
  next?: Registered | undefined;
}

/** Executions from their beginning to their end. Beginning and ending one allocates nothing. */
export class ExecutionRegistry<E extends Registered> {
  /** The one that began last by id; the others are chained to it. */
  readonly #byId = new Map<string, E>();
  /** Those that were started from within others. */
  readonly #inner = new Set<E>();

  /** Notes an execution. Whether it may be inside of another one: default, whether its id or its parents say so. */
  begin(execution: E, mayBeInside = mayBeIn(execution)): E {
    const { executionId } = execution;
    const other = this.#byId.get(executionId);
    if (other !== undefined) execution.next = other;
    this.#byId.set(executionId, execution);
    if (mayBeInside) this.#inner.add(execution);
    return execution;
  }

  /** Forgets an execution; an unknown one is ignored. */
  end(execution: E): void {
    const { executionId, next } = execution;
    if (this.#inner.size > 0) this.#inner.delete(execution);
    const first = this.#byId.get(executionId);
    if (first === execution) {
      if (next === undefined) this.#byId.delete(executionId);
      else this.#byId.set(executionId, next as E);
      return;
    }
    for (let before: Registered | undefined = first; before !== undefined; before = before.next) {
      if (before.next === execution) before.next = next;
    }
  }

  /** Tracks an execution until the work on it is done. */
  async track<T>(execution: E, work: () => Promise<T>): Promise<T> {
    this.begin(execution);
    try {
      return await work();
    } finally {
      this.end(execution);
    }
  }

  /** The execution of an id that began last. */
  get(executionId: string): E | undefined {
    return this.#byId.get(executionId);
  }

  /** All executions of an id, the one that began last first. */
  all(executionId: string): E[] {
    const found: E[] = [];
    for (let at: Registered | undefined = this.#byId.get(executionId); at !== undefined; at = at.next) {
      found.push(at as E);
    }
    return found;
  }

  /** The executions of an id, and those that were started from within them. */
  inside(executionId: string): E[] {
    const found = this.all(executionId);
    for (const execution of this.#inner) {
      if (execution.executionId !== executionId && isInside(execution, executionId)) found.push(execution);
    }
    return found;
  }

  /** Whether an id is that of an execution here, or of one inside of it by its id. */
  encloses(executionId: string): boolean {
    for (let end = executionId.length; end > 0; end = executionId.lastIndexOf("/", end - 1)) {
      if (this.#byId.has(executionId.slice(0, end))) return true;
    }
    return false;
  }

  /** All executions, in the order in which their ids came. */
  list(): E[] {
    return [...this.#byId.keys()].flatMap((executionId) => this.all(executionId));
  }
}

function mayBeIn({ executionId, parents = [] }: Registered): boolean {
  return parents.length > 0 || executionId.includes("/");
}

/** An execution with what callers are told of it. */
type Told = Omit<ActiveExecution, "paused"> & { paused?: boolean };

/** What callers are told of an execution. */
export function activeOf({ executionId, nodeId, startTime, paused }: Told): ActiveExecution {
  return { executionId, nodeId, startTime, ...(paused && { paused }) };
}

/** Whether an id is that of an execution, or of one inside of it, such as `exec_1/fallback` inside of `exec_1`. */
export function isIdInside(id: unknown, executionId: string): boolean {
  return typeof id === "string" && (id === executionId || id.startsWith(`${executionId}/`));
}

/** The same of an execution, which may know more of what it was started from than its id says. */
export function isInside(
  { executionId, parents = [] }: Pick<Registered, "executionId" | "parents">,
  outer: string,
): boolean {
  return isIdInside(executionId, outer) || parents.some((id) => isIdInside(id, outer));
}
