/** `conductor executions cancel` and `vacuum`. */
import type { Retention } from "@atomiton/storage";

import { Exit, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { counted, oneLine } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Ends an execution that no process has. */
export function cancelExecution(id: string, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    await executions.cancel(id);
    process.stdout.write(`${oneLine(id)} cancelled\n`);
    return Exit.success;
  });
}

/** Options of the clean-up. */
export interface VacuumOptions extends StoreOptions {
  /** ms */
  olderThan?: number;
  keepPerFlow?: number;
  /** Id of the only flow whose executions are deleted. */
  flow?: string;
}

/** Deletes executions that are over by age and by number, and gives room back. */
export function vacuumExecutions(options: VacuumOptions): Promise<Exit> {
  const { olderThan, keepPerFlow, flow, json } = options;
  if (flow !== undefined && olderThan === undefined && keepPerFlow === undefined) {
    throw new UsageError(
      "--flow alone deletes nothing; say which of its executions by --older-than or --keep-per-flow",
    );
  }
  const retention: Retention = {
    ...(flow !== undefined && { flowId: flow }),
    ...(olderThan !== undefined && { endedBefore: Date.now() - olderThan }),
    ...(keepPerFlow !== undefined && { keepPerFlow }),
  };
  return withStore(options, async ({ executions }) => {
    const done = await executions.vacuum(retention);
    const { deleted, bytesBefore, bytesAfter } = done;
    if (json) process.stdout.write(`${jsonText(done, 2)}\n`);
    else {
      const room = `the store takes ${sizeText(bytesAfter)} now, ${sizeText(bytesBefore)} before`;
      process.stdout.write(`${counted(deleted, "execution")} deleted; ${room}\n`);
    }
    return Exit.success;
  });
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
