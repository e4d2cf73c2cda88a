/** Where runs are carried out, if not in this thread. */
import type { NodeDefinition } from "../types/definition.js";
import type { FlowProblem } from "./flows.js";
import type { OpenRun } from "./followed-run.js";

/** Another thread, in which runs are carried out that this one follows. */
export interface WorkerHost {
  open: OpenRun;
  /**
   * What is wrong with a flow; `undefined` for one that cannot get there. `closed`: whether the types that are known there
   * are all that there are.
   */
  problems(node: NodeDefinition, closed: boolean): Promise<FlowProblem[] | undefined>;
  /** Ends the thread, and what runs in it. The next run starts it again. */
  shutdown(): void;
}
