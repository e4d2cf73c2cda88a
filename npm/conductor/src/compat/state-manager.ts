/** Keeps the states of executions, and on request through crashes. */
import type { ExecutionStore } from "@atomiton/storage";
import { checkStateStore } from "../api/durable/state-store.js";
import { bound } from "../events/bound.js";
import { IsolatedEmitter } from "../events/isolated-emitter.js";
import {
  type Checkpoint,
  createExecutionState,
  type ExecutionState,
  type ExecutionStateStatus,
  isActive,
  type NodeState,
} from "./execution-state.js";
import { persistStates, type StatePersistence } from "./state-persistence.js";

export type { Checkpoint, ExecutionState, ExecutionStateStatus, NodeState } from "./execution-state.js";
export { StateFileError } from "./state-file-error.js";

/** Where and how often states are written. */
export interface StateManagerOptions {
  /** Folder of the files, one per execution. Default `~/.atomiton/state`. */
  directory?: string;
  /**
   * A store to keep the states in, beside the executions of conductors, in the place of files: the address of a database, such
   * as `sqlite:./conductor.db` or `postgres://user@host/database`, in pages `indexeddb:NAME`, or a store of `@atomiton/storage`,
   * which is the caller's to close. One at an address is opened when something is to be kept, and closed by `shutdown`.
   */
  store?: string | ExecutionStore;
  /** Time between two writes in ms. Default 5000. */
  intervalMs?: number;
}

/**
 * Keeps the states of executions in memory.
 *
 * Methods throw `Execution <id> not found` for an id that was not initialised, except those that initialise or clear an
 * execution or get its state.
 * What getters return is the state itself, not a copy. Listener errors are isolated and reported.
 *
 * | event | payload |
 * | --- | --- |
 * | `execution:initialized` | `{ executionId, blueprintId }` |
 * | `execution:updated`, `context:updated` | `{ executionId, updates }` |
 * | `execution:cleared` | `{ executionId }` |
 * | `node:updated` | `{ executionId, nodeId, status }` |
 * | `node:error` | `{ executionId, nodeId, error }` |
 * | `variable:set`, `data:set` | `{ executionId, key, value }` |
 * | `checkpoint:created` | `{ executionId, nodeId }` |
 * | `checkpoint:restored` | `{ executionId, checkpointIndex }` |
 * | `state:persisted` | `{ count }`, the active executions that are on the disk as they are |
 * | `state:loaded` | `{ count }` |
 * | `state:error` | `{ file, error }`; written to the console without a listener. With a `store`, `file` is its name |
 *
 * With `persistState`, what changed is written every five seconds, on `flush` and on `shutdown`; see `loadExecutionStates`
 * for what comes back. Of two managers with the same folder that change the same execution, the last one wins. In a `store` the first
 * one does: a state replaces only the one that its manager wrote or read last, so that the other manager is refused, keeps its own
 * in memory, and says so by `state:error` with a `StateFileError` of code `VERSION_CONFLICT`.
 */
export class StateManager extends IsolatedEmitter {
  readonly #states = new Map<string, ExecutionState>();
  readonly #persistence: StatePersistence | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Whether the disk is slower than the timer. */
  #persisting = false;

  /** @throws Error INVALID_PARAMETERS for a `store` that is neither an address nor a store, without `persistState`, or with a `directory` */
  constructor(persistState = false, { directory, store, intervalMs = 5000 }: StateManagerOptions = {}) {
    super("the state manager");
    checkStateStore({ directory, store }, persistState);
    if (!persistState) return;
    this.#persistence = persistStates({ directory, store }, (file, error) => this.#report(file, error));
    this.#timer = setInterval(() => void this.#persist(), intervalMs);
    // Callers that only wait for the next write are done. A page has numbers as timers.
    this.#timer.unref?.();
  }

  /** Starts an execution as `pending`, without nodes, variables and checkpoints. One of the same id is replaced. */
  initializeExecution(executionId: string, blueprintId: string): void {
    this.#states.set(executionId, createExecutionState(executionId, blueprintId));
    this.emit("execution:initialized", { executionId, blueprintId });
  }

  /** Sets the status and the end, where they are given. Everything else in `updates` is ignored. */
  updateExecutionState(executionId: string, updates: Partial<ExecutionState>): void {
    const state = this.#state(executionId);
    if (updates.status) state.status = updates.status;
    if (updates.endTime) state.endTime = updates.endTime;
    this.emit("execution:updated", { executionId, updates });
  }

  /** Sets the status of a node, which need not be known. The first start and the first end set its times. */
  updateNodeState(executionId: string, nodeId: string, status: ExecutionStateStatus): void {
    const { nodeStates } = this.#state(executionId);
    const node: NodeState = nodeStates.get(nodeId) ?? { nodeId, status, retryCount: 0 };
    nodeStates.set(nodeId, node);
    node.status = status;
    if (status === "running") node.startTime ??= new Date();
    if (status === "completed" || status === "failed") node.endTime ??= new Date();
    this.emit("node:updated", { executionId, nodeId, status });
  }

  /** Keeps the last error of a node and counts them. A node that is not known has none kept, but the event is emitted. */
  recordNodeError(executionId: string, nodeId: string, error: Error): void {
    const node = this.#state(executionId).nodeStates.get(nodeId);
    if (node) {
      node.lastError = error;
      node.retryCount++;
    }
    this.emit("node:error", { executionId, nodeId, error });
  }

  /** Sets a variable, by reference. */
  setVariable(executionId: string, key: string, value: unknown): void {
    this.#state(executionId).variables.set(key, value);
    this.emit("variable:set", { executionId, key, value });
  }

  /** A variable; undefined when it was not set. */
  getVariable(executionId: string, key: string): unknown {
    return this.#known(executionId).variables.get(key);
  }

  /** Keeps the variables as they are now. */
  createCheckpoint(executionId: string, nodeId: string): void {
    const { checkpoints, variables } = this.#state(executionId);
    const checkpoint: Checkpoint = { timestamp: new Date(), nodeId, state: new Map(variables) };
    checkpoints.push(checkpoint);
    this.emit("checkpoint:created", { executionId, nodeId });
  }

  /**
   * Puts the variables back to what they were.
   *
   * @param checkpointIndex from 0, in the order in which checkpoints were made
   * @throws Error `Checkpoint <index> not found`
   */
  restoreCheckpoint(executionId: string, checkpointIndex: number): void {
    const state = this.#state(executionId);
    const checkpoint = state.checkpoints[checkpointIndex];
    if (!checkpoint) throw new Error(`Checkpoint ${checkpointIndex} not found`);
    state.variables = new Map(checkpoint.state);
    this.emit("checkpoint:restored", { executionId, checkpointIndex });
  }

  /** The state itself; undefined for an unknown id. */
  getExecutionState(executionId: string): ExecutionState | undefined {
    return this.#states.get(executionId);
  }

  /** The states of what is running or paused. */
  getActiveExecutions(): ExecutionState[] {
    return [...this.#states.values()].filter(isActive);
  }

  /**
   * Forgets an execution, on the disk too. An unknown id is no error. In a `store` the state of a known one stays where another
   * manager has written it since, which `state:error` says; that of an unknown one is deleted, whichever manager wrote it.
   */
  clearExecutionState(executionId: string): void {
    const known = this.#states.delete(executionId);
    this.#persistence?.remove(executionId, known);
    if (known) this.emit("execution:cleared", { executionId });
  }

  /** Forgets what completed or failed, but not what was cancelled. Returns how many that were. */
  clearCompletedExecutions(): number {
    const over = [...this.#states].filter(([, { status }]) => status === "completed" || status === "failed");
    for (const [executionId] of over) {
      this.#states.delete(executionId);
      this.#persistence?.remove(executionId, true);
    }
    return over.length;
  }

  /** Starts an execution and returns its state. */
  createContext(executionId: string, blueprintId: string): ExecutionState {
    this.initializeExecution(executionId, blueprintId);
    return this.#state(executionId);
  }

  /** As `getExecutionState`. */
  getContext(executionId: string): ExecutionState | undefined {
    return this.getExecutionState(executionId);
  }

  /** Sets whatever is given. */
  updateContext(executionId: string, updates: Partial<ExecutionState>): void {
    Object.assign(this.#state(executionId), updates);
    this.emit("context:updated", { executionId, updates });
  }

  /** Sets a variable, by reference, under the name of another event. */
  setData(executionId: string, key: string, value: unknown): void {
    this.#state(executionId).variables.set(key, value);
    this.emit("data:set", { executionId, key, value });
  }

  /**
   * Reads back what was persisted, by this process or another; does nothing without `persistState`. An execution that is
   * known already stays as it is. What cannot be read is reported with `state:error` and left where it is.
   *
   * Dates, maps, sets, errors, big integers and bytes come back as what they were. What a file cannot hold (functions,
   * symbols, cycles) was reported when it was written, and is undefined.
   */
  async loadExecutionStates(): Promise<void> {
    if (!this.#persistence) return;
    let count = 0;
    await this.#persistence.read((state) => {
      if (this.#states.has(state.executionId)) return false;
      this.#states.set(state.executionId, state);
      count++;
      return true;
    });
    this.emit("state:loaded", { count });
  }

  /** Writes what changed, now; without `persistState` there is nothing to do. Resolves when it is on the disk. */
  async flush(): Promise<void> {
    await this.#persistence?.write(this.#states, true);
  }

  /**
   * Stops the timer and removes the listeners, at once; then writes what changed, and closes a store that it opened. The process
   * stays for that, unless it is ended by force: await the promise to be sure. It never rejects. Problems go to the console, as
   * the listeners are gone.
   */
  async shutdown(): Promise<void> {
    clearInterval(this.#timer);
    this.removeAllListeners();
    await this.flush();
    await this.#persistence?.close();
  }

  async #persist(): Promise<void> {
    if (this.#persisting) return;
    this.#persisting = true;
    const saved = await this.#persistence?.write(this.#states);
    const count = this.getActiveExecutions().filter(({ executionId }) => saved?.has(executionId)).length;
    this.#persisting = false;
    if (count > 0) this.emit("state:persisted", { count });
  }

  #known(executionId: string): ExecutionState {
    const state = this.#states.get(executionId);
    if (!state) throw new Error(`Execution ${executionId} not found`);
    return state;
  }

  /** The state of an execution, to be changed. */
  #state(executionId: string): ExecutionState {
    const state = this.#known(executionId);
    this.#persistence?.touch(state);
    return state;
  }

  #report(file: string, error: Error): void {
    if (this.emit("state:error", { file, error })) return;
    console.warn(`Execution state in ${file}: ${error.message}`);
  }
}

const METHODS = [
  "initializeExecution",
  "updateExecutionState",
  "updateNodeState",
  "recordNodeError",
  "setVariable",
  "getVariable",
  "createCheckpoint",
  "restoreCheckpoint",
  "getExecutionState",
  "getActiveExecutions",
  "clearExecutionState",
  "clearCompletedExecutions",
  "loadExecutionStates",
  "flush",
  "shutdown",
  "createContext",
  "getContext",
  "updateContext",
  "setData",
  "on",
  "off",
  "emit",
] as const satisfies (keyof StateManager)[];

/** What `createStateManager` gives. */
export type StateManagerInstance = Pick<StateManager, (typeof METHODS)[number]>;

/** A {@link StateManager} as functions that work without it. */
export function createStateManager(persistState = false, options: StateManagerOptions = {}): StateManagerInstance {
  return bound(new StateManager(persistState, options), METHODS);
}
