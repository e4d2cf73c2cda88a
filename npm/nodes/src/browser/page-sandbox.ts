import { unlessAborted } from "../contract/abort.js";
import type { WorkerPool } from "../sandbox/quickjs/pool.js";
import { createSandbox, type Session } from "../sandbox/quickjs/session.js";
import type { Sandbox, ScriptSource } from "../sandbox/sandbox.js";

/** Gives QuickJS as a WebAssembly module: asked for every worker, so it should keep what it gave. */
export type LoadQuickJs = () => Promise<WebAssembly.Module>;

/** Whether the page lets workers be started, as far as has been seen. */
let hasWorkers = true;

/**
 * QuickJS in workers, so that the page stays responsive and code that does not end can be ended; on the page's own thread
 * where no worker can be started. It is loaded when it is first used; no limit counts until then.
 */
export function createPageSandbox(quickJs: LoadQuickJs): Sandbox {
  let pool: Promise<WorkerPool> | undefined;

  async function open(source: ScriptSource, signal: AbortSignal | undefined): Promise<Session> {
    if (hasWorkers) {
      pool ??= createPool(quickJs);
      const session = await (await pool).open(source, signal);
      if (session) return session;
      hasWorkers = false;
    }
    const { sessionInPlace } = await import("./in-place.js");
    return sessionInPlace(await unlessAborted(quickJs(), signal), signal);
  }

  return createSandbox(open);
}

async function createPool(quickJs: LoadQuickJs): Promise<WorkerPool> {
  const [{ WorkerPool }, { startPageWorker }] = await Promise.all([
    import("../sandbox/quickjs/pool.js"),
    import("./page-worker.js"),
  ]);
  // One processor is left to the page.
  const workers = Math.max(1, Math.min(4, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));
  return new WorkerPool(workers, () => startPageWorker(quickJs));
}
