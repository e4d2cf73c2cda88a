/** The calls that `createRPC` makes. */
import type { ExecutionResult } from "../types/execution.js";
import type { HealthResult } from "../types/transport.js";
import { refusedCall } from "./channel-server.js";
import type { IpcEventLike, IpcHandlers } from "./electron.js";
import type { SenderPolicy } from "./sender.js";

/** What the calls are answered by. */
export interface RpcDependencies {
  /** Never rejects. */
  run(payload: unknown): Promise<ExecutionResult>;
  health(): Promise<HealthResult>;
}

const RUN = "conductor:node:run";
const HEALTH = "conductor:system:health";

/** Serves `conductor:node:run { node, context? }` and `conductor:system:health`. Gives what ends that. */
export function serveRpc(ipcMain: IpcHandlers, { run, health }: RpcDependencies, sender: SenderPolicy): () => void {
  const guarded = (answer: (payload: unknown) => unknown) => (event: IpcEventLike, payload: unknown) => {
    const refusal = sender.refusal(event);
    return refusal === undefined ? answer(payload) : refusedCall(refusal);
  };
  ipcMain.handle(RUN, guarded(run));
  ipcMain.handle(HEALTH, guarded(health));
  return () => {
    ipcMain.removeHandler(RUN);
    ipcMain.removeHandler(HEALTH);
  };
}
