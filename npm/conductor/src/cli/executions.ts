/** `conductor executions`: the executions that a store keeps, to be listed, looked at, gone on with and deleted. */
import { existsSync } from "node:fs";

import type { ExecutionStatus, StoredExecution } from "@atomiton/storage";

import { databaseFile } from "../exports/environment/execution-store.js";
import { createNodeConductor } from "../exports/environment/node.js";
import type { Conductor, ConductorConfig, ExecutionResult } from "../exports/node.js";
import pc from "./colour.js";
import { Exit, exitOf, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { openProject, type Project, type ProjectOptions } from "./project.js";
import { column, counted, duration, oneLine } from "./text.js";

/** Options of all of them. */
export interface StoreOptions extends ProjectOptions {
  /** The address of the store. */
  store?: string;
  json?: boolean;
}

/** Options of the list. */
export interface ListOptions extends StoreOptions {
  status?: ExecutionStatus;
  flow?: string;
  text?: string;
  limit?: number;
}

const LISTED = 50;

/** Lists executions, those that began last first. */
export async function listExecutions(options: ListOptions): Promise<Exit> {
  const { status, flow: flowId, text, limit = LISTED, json } = options;
  return withStore(options, async ({ executions }) => {
    const filter = { ...(status && { status }), ...(flowId && { flowId }), ...(text && { text }) };
    const page = await executions.list(filter, { limit });
    if (json) process.stdout.write(`${jsonText(page.executions, 2)}\n`);
    else process.stdout.write(listText(page.executions, page.next !== undefined));
    return Exit.success;
  });
}

/** Tells all that is known of one. */
export async function showExecution(id: string, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const [row, trace] = await Promise.all([executions.get(id), executions.trace(id)]);
    if (options.json) {
      process.stdout.write(`${jsonText({ ...row, trace }, 2)}\n`);
      return Exit.success;
    }
    const error = row.error === undefined ? undefined : (JSON.parse(row.error) as { code: string; message: string });
    const facts: [string, string | undefined][] = [
      ["flow", row.name],
      ["fork of", row.trigger === "fork" ? row.parentId : undefined],
      ["status", row.status],
      ["because", row.reason],
      ["error", error && `${error.code}: ${error.message}`],
      ["began", timeText(row.startedAt)],
      ["ended", row.endedAt === undefined ? undefined : timeText(row.endedAt)],
      ["kept", `${counted(row.sequence, "record")}, ${row.bytes} bytes`],
    ];
    const shown = facts.filter(([, value]) => value !== undefined);
    const nodes = trace.nodes.map(({ nodeId, state, duration: ms, reused }) => {
      const how = reused ? ", reused" : ms === undefined ? "" : ` ${duration(ms)}`;
      return `  ${column(oneLine(nodeId), 24)} ${state}${how}\n`;
    });
    process.stdout.write(shown.map(([name, value]) => `${column(name, 10)}${oneLine(value as string)}\n`).join(""));
    process.stdout.write(`\n${nodes.join("")}`);
    return Exit.success;
  });
}

/** Goes on with one execution, or with all that were left unfinished; ends when they are over. */
export async function resumeExecutions(id: string | undefined, options: StoreOptions): Promise<Exit> {
  return withStore(options, async (conductor) => {
    if (id !== undefined) return told(id, await conductor.executions.resume(id), options);
    const { resumed, blocked } = await conductor.recover();
    if (resumed.length + blocked.length === 0) process.stdout.write("No execution was left unfinished\n");
    let exit: Exit = Exit.success;
    for (const { executionId, reason } of blocked) {
      process.stderr.write(`${oneLine(executionId)} cannot go on: ${oneLine(reason)}\n`);
      exit = Exit.failed;
    }
    for (const { executionId, result } of resumed) {
      const ended = told(executionId, await result, options);
      if (ended !== Exit.success) exit = ended;
    }
    return exit;
  });
}

/** Deletes executions that are over. */
export async function deleteExecutions(ids: readonly string[], options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const deleted = await executions.delete(ids);
    process.stdout.write(`${counted(deleted, "execution")} deleted\n`);
    if (deleted === ids.length) return Exit.success;
    process.stderr.write(`${counted(ids.length - deleted, "execution")} not deleted: unknown, or not over\n`);
    return Exit.failed;
  });
}

function told(id: string, result: ExecutionResult, { json }: StoreOptions): Exit {
  const { success, data, error, duration: ms = 0 } = result;
  if (json) process.stdout.write(`${jsonText({ executionId: id, success, data, error }, 2)}\n`);
  else if (success) process.stdout.write(`${oneLine(id)} completed after ${duration(ms)}\n`);
  else process.stderr.write(`${oneLine(id)} failed: ${error?.code}: ${oneLine(error?.message ?? "")}\n`);
  return exitOf(result);
}

/** Opens the store that is named, and closes it again. `wanted` are settings over those of the project. */
export async function withStore(
  options: StoreOptions,
  use: (conductor: Conductor, project: Project) => Promise<Exit>,
  wanted: Pick<ConductorConfig, "concurrency" | "timeout"> = {},
): Promise<Exit> {
  const project = await openProject(undefined, options);
  const { settings } = project;
  const store = options.store ?? settings.store;
  if (store === undefined) {
    throw new UsageError("Name the store: --store sqlite:PATH, or `store` in conductor.config");
  }
  const file = typeof store === "string" ? databaseFile(store) : undefined;
  if (file !== undefined && !existsSync(file)) throw new UsageError(`There is no database ${oneLine(file)}`);
  const conductor = createNodeConductor({ ...settings, ...wanted, store }, () => "local");
  try {
    return await use(conductor, project);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined) throw error;
    process.stderr.write(`${oneLine(message)}\n`);
    return code === "INVALID_PARAMETERS" ? Exit.usage : Exit.failed;
  } finally {
    await conductor.shutdown();
  }
}

function listText(rows: readonly StoredExecution[], hasMore: boolean): string {
  if (rows.length === 0) return "There are no such executions\n";
  const lines = rows.map(({ id, name, status, startedAt, endedAt, trigger, parentId }) => {
    const took = endedAt === undefined ? "" : duration(endedAt - startedAt);
    const fork = trigger === "fork" ? pc.dim(`  fork of ${oneLine(parentId ?? "")}`) : "";
    return `${timeText(startedAt)}  ${column(status, 10)} ${column(took, 9)} ${column(oneLine(name), 24)} ${oneLine(id)}${fork}`;
  });
  const more = hasMore ? pc.dim("There are more: --limit shows them\n") : "";
  return `${lines.join("\n")}\n${more}`;
}

/** In the time zone of the terminal. */
function timeText(ms: number): string {
  const at = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 19).replace("T", " ");
}
