import type { NativeTable } from "@atomiton/conductor-native";

import { unlessAborted } from "../contract/abort.js";
import type { Sandbox, ScriptBatch } from "../sandbox/sandbox.js";
import { recordsOf } from "../table/table-output.js";
import type { Task } from "./quickjs/task.js";

/** Whether the page lets workers be started, as far as has been seen. */
let hasWorkers = true;

/** Gives QuickJS as a WebAssembly module: asked for every task, so it should keep what it gave. */
export type LoadQuickJs = () => Promise<WebAssembly.Module>;

/**
 * QuickJS as WebAssembly: in workers, so that the page stays responsive and code that does not end can be ended; on the
 * page's own thread where no worker can be started. It is loaded when it is first used; no limit counts until then.
 */
export function createPageSandbox(quickJs: LoadQuickJs): Sandbox {
  const run = (task: Task, signal: AbortSignal | undefined): Promise<string[]> => {
    const module = unlessAborted(quickJs(), signal);
    // Whoever waits for it hears of it; a worker may have to start before.
    module.catch(() => {});
    return runTask(module, task, signal);
  };

  return {
    runOverItems: (source, work, items, signal) =>
      run({ kind: "items", source, work, batches: isTable(items) ? [batchOf(items)] : items }, signal),

    async evaluate(source, values, tables, signal) {
      const records = tables.map(({ path, table }) => ({ path, records: JSON.stringify(recordsOf(table)) }));
      const [answer] = await run({ kind: "values", source, values, tables: records }, signal);
      return answer as string;
    },
  };
}

async function runTask(
  module: Promise<WebAssembly.Module>,
  task: Task,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  if (hasWorkers) {
    const { runInWorker } = await import("./quickjs/workers.js");
    const answers = await runInWorker(module, task, signal);
    if (answers) return answers;
    hasWorkers = false;
  }
  const { runInPlace } = await import("./quickjs/in-place.js");
  return runInPlace(await module, task, signal);
}

function batchOf(table: NativeTable): ScriptBatch {
  return { text: JSON.stringify(recordsOf(table)), count: table.rowCount };
}

function isTable<T extends object>(items: readonly unknown[] | T): items is T {
  return !Array.isArray(items);
}
