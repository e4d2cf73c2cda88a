/** Simulations that an object of the application's own decides on, as `debugController` of earlier versions. */

import { simulatedMessage } from "../engine/failure.js";
import type { Outline } from "../engine/outline.js";
import type { Simulate } from "../engine/run-request.js";
import { pause } from "../transports/retry.js";
import type { ConductorExecutionContext, DebugOptions } from "../types/execution.js";

/** Decides which nodes fail or dawdle. Each method may be missing. */
export interface DebugController {
  /** Told before a run whose context has `debug` or `slowMo`. Without it, `debug` counts as it does without a controller. */
  configure?(options: DebugOptions & { slowMo?: number }): void;
  /** Told before each run the ids of its leaves, at every depth: those that `"random"` may mean. */
  initialize?(nodeIds: string[]): void;
  /** Asked before each attempt at a leaf. */
  shouldSimulateError?(nodeId: string): boolean;
  /** What is thrown instead of calling the executable: an error, or what `debug.simulateError` takes. */
  getSimulatedError?(nodeId: string): unknown;
  /** Asked before each attempt at a leaf. */
  shouldSimulateLongRunning?(nodeId: string): boolean;
  /** In ms; by how much the executable is called later. */
  getLongRunningDelay?(nodeId: string): number;
  /** In ms; the pace of the run. */
  getSlowMoDelay?(): number;
  /** In ms; both delays of a node. The conductor does not ask. */
  getNodeDelay?(nodeId: string): number;
  /** What it was configured with; its `simulateError.delayMs` counts for errors that do not say themselves. */
  getOptions?(): unknown;
}

const METHODS: Readonly<Record<keyof DebugController, true>> = {
  configure: true,
  initialize: true,
  shouldSimulateError: true,
  getSimulatedError: true,
  shouldSimulateLongRunning: true,
  getLongRunningDelay: true,
  getSlowMoDelay: true,
  getNodeDelay: true,
  getOptions: true,
};

/** Why a controller is not asked, or not everywhere. @param isElsewhere whether runs are carried out outside of this thread */
export function controllerDoubts(controller: DebugController | undefined, isElsewhere: boolean): string[] {
  if (controller === undefined) return [];
  const names = Object.keys(METHODS) as (keyof DebugController)[];
  const isMute = names.every((name) => typeof controller[name] !== "function");
  return [
    ...(isMute ? [`has no method that is known, and is ignored. Known: ${names.join(", ")}`] : []),
    ...(isElsewhere ? ["is not asked by runs in a worker or in isolation"] : []),
  ].map((doubt) => `The setting \`debugController\` ${doubt}`);
}

/** The pace of a run, and what is left for the engine to simulate. */
export interface RunSimulation {
  slowMo: number;
  debug: DebugOptions | undefined;
}

/** Tells the controller about a run, and asks it for the pace. */
export function simulationOf(
  controller: DebugController | undefined,
  { debug, slowMo = 0 }: ConductorExecutionContext,
): RunSimulation {
  const asked = typeof debug === "object" ? debug : undefined;
  if (controller === undefined) return { slowMo, debug: asked };
  if (debug || slowMo) controller.configure?.({ ...asked, ...(slowMo && { slowMo }) });
  return {
    slowMo: controller.getSlowMoDelay?.() ?? slowMo,
    debug: controller.configure === undefined ? asked : undefined,
  };
}

/** What a controller does before each attempt in a flow; `undefined` without one. */
export function simulateWith(controller: DebugController | undefined, { nodes }: Outline): Simulate | undefined {
  if (controller === undefined) return undefined;
  controller.initialize?.(nodes.filter((node) => !node.nodes?.length).map(({ id }) => id));
  return (id, signal, say) => {
    const late = controller.shouldSimulateLongRunning?.(id) ? (controller.getLongRunningDelay?.(id) ?? 0) : 0;
    const fails = controller.shouldSimulateError?.(id);
    if (!fails && !(late > 0)) return undefined;
    const wait = async (ms: number, isError: boolean) => {
      if (!(ms > 0)) return;
      say(ms, isError);
      await pause(ms, signal());
    };
    return (async () => {
      await wait(late, false);
      if (!fails) return;
      const error = controller.getSimulatedError?.(id) as Simulated;
      const options = controller.getOptions?.() as DebugOptions | undefined;
      await wait(error?.delayMs ?? options?.simulateError?.delayMs ?? 0, true);
      throw error instanceof Error ? error : new Error(typeof error === "string" ? error : simulatedMessage(error));
    })();
  };
}

type Simulated = { delayMs?: number } | null | undefined;
