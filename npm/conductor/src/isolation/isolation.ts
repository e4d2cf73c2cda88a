/** Executions in processes of their own: the code of remote callers, and what it makes of nodes, stays out of the server. */
import type { ExecutionExecutables, Isolates, NodeExecutorFactory } from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import { IsolatedExecution } from "./isolated-execution.js";
import { ProcessPool } from "./pool.js";
import { type IsolationOptions, isolationSettings, wantedMemory } from "./settings.js";

/** Keeps executions of one conductor apart; a conductor is given it, and the server that serves that. */
export interface Isolation extends Isolates {
  /** Whether executions of callers with this role are isolated. */
  isolates(role: string): boolean;
  /** Whether a conductor has it. */
  readonly isTaken: boolean;
  /**
   * Notes who begins an execution, until what is returned is called. Gives why not, where one of that id is noted for callers who
   * are isolated otherwise.
   *
   * @param maxMemory what its request wants, in MiB
   */
  begins(executionId: string, role: string, maxMemory?: unknown): (() => void) | { refused: string };
}

interface Noted {
  isOutside: boolean;
  memory: number;
  count: number;
}

/**
 * Makes what keeps executions apart. Processes are started once a conductor is made with it, and end with that.
 *
 * @throws Error INVALID_PARAMETERS for a setting that cannot be kept
 */
export function createIsolation(options: IsolationOptions = {}): Isolation {
  const settings = isolationSettings(options);
  const pool = new ProcessPool(settings);
  const noted = new Map<string, Noted>();
  let isTaken = false;
  return {
    get isTaken() {
      return isTaken;
    },
    isolates: (role) => settings.roles.has(role),
    cutsOff: (type) => !settings.network && !settings.inServer.has(type),
    take() {
      if (isTaken) {
        throw coded("INVALID_PARAMETERS", "An isolation is for one conductor; make another one for this", undefined);
      }
      isTaken = true;
      pool.prepare();
    },
    executablesOf(executionId: string, usual: NodeExecutorFactory): ExecutionExecutables | undefined {
      const found = noted.get(executionId);
      if (found?.isOutside) return undefined;
      const { cpuMs, inServer, network } = settings;
      const memory = found?.memory ?? settings.memoryFor(undefined);
      return new IsolatedExecution({ pool, usual, inServer, limits: { memory, cpuMs }, network });
    },
    begins(executionId, role, maxMemory) {
      const isOutside = !this.isolates(role);
      const memory = Math.min(settings.memoryFor(role), wantedMemory(maxMemory) ?? Number.POSITIVE_INFINITY);
      const entry = noted.get(executionId) ?? { isOutside, memory, count: 0 };
      if (entry.isOutside !== isOutside)
        return { refused: `The id ${executionId} is that of an execution of another caller` };
      noted.set(executionId, entry);
      entry.count++;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        entry.count--;
        if (entry.count === 0) noted.delete(executionId);
      };
    },
    close: () => pool.close(),
  };
}
