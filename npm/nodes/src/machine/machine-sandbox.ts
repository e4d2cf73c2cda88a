import { WorkerPool } from "../sandbox/quickjs/pool.js";
import { createSandbox } from "../sandbox/quickjs/session.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { startMachineWorker } from "./machine-worker.js";

/** Runs of user code at once, each on a thread of its own. */
const PLACES = 4;

const pool = new WorkerPool(PLACES, startMachineWorker);

/** QuickJS in threads of this process that can be ended. They are started when user code first runs. */
export const machineSandbox: Sandbox = createSandbox(async (source, signal) => {
  const session = await pool.open(source, signal);
  return session as NonNullable<typeof session>;
});
