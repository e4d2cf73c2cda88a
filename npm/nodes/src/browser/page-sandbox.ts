import type { NativeTable } from "@atomiton/conductor-native";

import { throwIfAborted } from "../contract/abort.js";
import type { Sandbox, ScriptBatch } from "../sandbox/sandbox.js";
import { recordsOf } from "../table/table-output.js";
import type { Task } from "./quickjs/task.js";

/** Whether the page lets workers be started, as far as has been seen. */
let hasWorkers = true;

/**
 * QuickJS as WebAssembly: in workers, so that the page stays responsive and code that does not end can be ended; on the
 * page's own thread where no worker can be started. It is loaded when it is first used.
 */
export const pageSandbox: Sandbox = {
  runOverItems: (source, work, items, signal) =>
    run({ kind: "items", source, work, batches: isTable(items) ? [batchOf(items)] : items }, signal),

  async evaluate(source, values, tables, signal) {
    const records = tables.map(({ path, table }) => ({ path, records: JSON.stringify(recordsOf(table)) }));
    const [answer] = await run({ kind: "values", source, values, tables: records }, signal);
    return answer as string;
  },
};

async function run(task: Task, signal: AbortSignal | undefined): Promise<string[]> {
  throwIfAborted(signal);
  if (hasWorkers) {
    const { runInWorker } = await import("./quickjs/workers.js");
    const answers = await runInWorker(task, signal);
    if (answers) return answers;
    hasWorkers = false;
  }
  const { runInPlace } = await import("./quickjs/in-place.js");
  return runInPlace(task, signal);
}

function batchOf(table: NativeTable): ScriptBatch {
  return { text: JSON.stringify(recordsOf(table)), count: table.rowCount };
}

function isTable<T extends object>(items: readonly unknown[] | T): items is T {
  return !Array.isArray(items);
}
