import type { Replay } from "../../types/replay.js";

/**
 * Opens an execution that `conductor.executions.export` or `conductor executions export` gave, to step through it. Needs no store and no
 * conductor, only the engine.
 *
 * Rejects with DESERIALIZATION_FAILED, saying what is wrong with the bytes, also for a format of a later version.
 */
export async function openReplay(bytes: Uint8Array): Promise<Replay> {
  // Few applications look back at executions.
  return (await import("./replay.js")).openReplay(bytes);
}
