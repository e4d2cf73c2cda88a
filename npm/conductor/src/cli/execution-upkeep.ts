/** `conductor executions logs`, `cancel` and `vacuum`. */
import type { Retention } from "@atomiton/storage";

import type { LogLine } from "../types/execution-log.js";
import pc from "./colour.js";
import { Exit } from "./exit.js";
import { jsonText } from "./json.js";
import { column, counted, oneLine, timeText } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Tells what the nodes of an execution said. */
export function executionLogs(id: string, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const lines = await executions.logs(id);
    if (options.json) process.stdout.write(`${jsonText(lines, 2)}\n`);
    else if (lines.length === 0) process.stdout.write("Its nodes said nothing\n");
    else process.stdout.write(`${lines.map(lineText).join("\n")}\n`);
    return Exit.success;
  });
}

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
}

/** Deletes executions that are over by age and by number, and gives room back. */
export function vacuumExecutions(options: VacuumOptions): Promise<Exit> {
  const { olderThan, keepPerFlow, json } = options;
  const retention: Retention = {
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

function lineText({ time, executionId, level, text, attempt }: LogLine): string {
  const colour = level === "error" ? pc.red : level === "warn" ? pc.yellow : pc.dim;
  const inside = executionId.slice(executionId.indexOf("/") + 1);
  const tries = attempt > 1 ? ` (try ${attempt})` : "";
  return `${pc.dim(timeText(time))}  ${colour(column(level, 8))} ${oneLine(inside)}${tries}: ${oneLine(text)}`;
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
