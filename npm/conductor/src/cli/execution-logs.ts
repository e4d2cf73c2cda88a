/** `conductor logs`: what the nodes of an execution said, up to now or as it goes on. */

import { isFinished } from "../executions/status.js";
import type { Conductor } from "../exports/node.js";
import type { LogLine } from "../types/execution-log.js";
import pc from "./colour.js";
import { Exit } from "./exit.js";
import { jsonText } from "./json.js";
import { warningsText } from "./summary.js";
import { column, oneLine, timeText } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Options of the command. */
export interface LogOptions extends StoreOptions {
  /** Whether to tell of what comes, until the execution is over. */
  follow?: boolean;
}

/** Tells what the nodes of an execution said, then what it warned of; with `--json` the lines alone, and with `--follow` a document for each. */
export function executionLogs(id: string, options: LogOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    if (options.follow) await followLogs(executions, id, options);
    else {
      const lines = await executions.logs(id);
      if (options.json) process.stdout.write(`${jsonText(lines, 2)}\n`);
      else if (lines.length === 0) process.stdout.write("Its nodes said nothing\n");
      else process.stdout.write(`${lines.map(lineText).join("\n")}\n`);
    }
    if (!options.json) process.stdout.write(warningsText((await executions.trace(id)).warnings));
    return Exit.success;
  });
}

async function followLogs(executions: Conductor["executions"], id: string, { json }: LogOptions): Promise<void> {
  let told = 0;
  const tellNew = async () => {
    const lines = (await executions.logs(id)).slice(told);
    told += lines.length;
    for (const line of lines) process.stdout.write(`${json ? jsonText(line) : lineText(line)}\n`);
  };
  await new Promise<void>((resolve, reject) => {
    let before = Promise.resolve();
    executions.subscribe(
      id,
      ({ status }) => {
        before = before.then(tellNew);
        before.then(() => isFinished(status) && resolve(), reject);
      },
      reject,
    );
  });
}

function lineText({ time, executionId, level, text, attempt }: LogLine): string {
  const colour = level === "error" ? pc.red : level === "warn" ? pc.yellow : pc.dim;
  const inside = executionId.slice(executionId.indexOf("/") + 1);
  const tries = attempt > 1 ? ` (try ${attempt})` : "";
  return `${pc.dim(timeText(time))}  ${colour(column(level, 8))} ${oneLine(inside)}${tries}: ${oneLine(text)}`;
}
