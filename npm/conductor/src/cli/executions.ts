/** `conductor executions`: the executions that a store keeps, to be listed, looked at, gone on with and deleted. */
import type { ExecutionStatus, StoredExecution } from "@atomiton/storage";
import { FORKED, isFinished } from "../executions/status.js";
import type { ExecutionResult } from "../exports/node.js";
import pc from "./colour.js";
import { Exit, exitOf, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { nodeLines } from "./replay-nodes.js";
import { warningsText } from "./summary.js";
import { column, counted, duration, oneLine, timeText } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Options of an answer. */
export interface AnswerQuestionOptions extends StoreOptions {
  value: unknown;
}

/** Options of the list. */
export interface ListOptions extends StoreOptions {
  status?: ExecutionStatus;
  flow?: string;
  text?: string;
  tag?: string[];
  limit?: number;
}

const LISTED = 50;

/** What begins executions that are not begun by triggers: what is said of them is said otherwise. */
const CALLS = ["call", "flow", FORKED];

/** So often it is looked at how an execution stands that goes on here, in ms. */
const LOOK_MS = 100;

/** Lists executions, those that began last first. */
export async function listExecutions(options: ListOptions): Promise<Exit> {
  const { status, flow: flowId, text, tag: tags, limit = LISTED, json } = options;
  return withStore(options, async ({ executions }) => {
    const filter = {
      ...(status && { status }),
      ...(flowId && { flowId }),
      ...(text && { text }),
      ...(tags && { tags }),
    };
    const page = await executions.list(filter, { limit });
    if (json) process.stdout.write(`${jsonText(page.executions, 2)}\n`);
    else process.stdout.write(listText(page.executions, page.next !== undefined));
    return Exit.success;
  });
}

/** Tells all that is known of one. */
export async function showExecution(id: string, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const [row, trace, replay] = await Promise.all([executions.get(id), executions.trace(id), executions.replay(id)]);
    const moment = replay.at(replay.length);
    if (options.json) {
      const nodes = moment.nodes.map((node) => ({ ...node, error: moment.error(node.path) }));
      process.stdout.write(`${jsonText({ ...row, nodes, trace }, 2)}\n`);
      return Exit.success;
    }
    const error = row.error === undefined ? undefined : (JSON.parse(row.error) as { code: string; message: string });
    const reused = trace.nodes.filter((node) => node.reused).map(({ nodeId }) => nodeId);
    const facts: [string, string | undefined][] = [
      ["flow", row.name],
      ["began by", CALLS.includes(row.trigger) ? undefined : row.trigger],
      ["fork of", row.trigger === FORKED ? row.parentId : undefined],
      ["reused", reused.length === 0 ? undefined : reused.join(", ")],
      ["metadata", row.metadata && jsonText(row.metadata)],
      ["status", row.status],
      ["because", row.reason],
      ["error", error && `${error.code}: ${error.message}`],
      ["began", timeText(row.startedAt)],
      ["ended", row.endedAt === undefined ? undefined : timeText(row.endedAt)],
      ["kept", `${counted(row.sequence, "record")}, ${row.bytes} bytes`],
    ];
    const shown = facts.filter(([, value]) => value !== undefined);
    process.stdout.write(shown.map(([name, value]) => `${column(name, 10)}${oneLine(value as string)}\n`).join(""));
    process.stdout.write(`\n${nodeLines(moment, process.stdout.columns || 100).join("\n")}\n`);
    process.stdout.write(warningsText(trace.warnings));
    return Exit.success;
  });
}

/** Goes on with one execution, or with all that were left unfinished; ends when they are over. */
export async function resumeExecutions(
  id: string | undefined,
  options: StoreOptions & { anyVersion?: boolean },
): Promise<Exit> {
  const { anyVersion = false } = options;
  if (id === undefined && anyVersion) {
    throw new UsageError("--any-version is for one execution: name the one that is to go on");
  }
  if (id === undefined && options.remote !== undefined) {
    throw new UsageError(
      "A server goes on with what was interrupted when it starts; name the execution that is to go on",
    );
  }
  return withStore(options, async (conductor) => {
    if (id !== undefined) return told(id, await conductor.executions.resume(id, { anyVersion }), options);
    const { resumed, blocked, elsewhere, paused, sleeping, waiting } = await conductor.recover();
    for (const { reason } of elsewhere) process.stderr.write(`${oneLine(reason)}\n`);
    if (resumed.length + blocked.length + elsewhere.length === 0)
      process.stdout.write("No execution was left unfinished\n");
    const others = [
      ...(sleeping > 0 ? [`${counted(sleeping, "execution")} asleep until a later time`] : []),
      ...(waiting > 0 ? [`${counted(waiting, "execution")} waiting for an answer (conductor executions waiting)`] : []),
      ...(paused.length > 0 ? [`${counted(paused.length, "execution")} paused (conductor executions resume ID)`] : []),
    ];
    if (others.length > 0) process.stderr.write(`Left as they are: ${others.join(", ")}\n`);
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

/** Lists the questions that are open. */
export async function listQuestions(id: string | undefined, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const questions = await executions.waiting(id);
    if (options.json) process.stdout.write(`${jsonText(questions, 2)}\n`);
    else if (questions.length === 0) process.stdout.write("No execution waits for an answer\n");
    for (const { id: question, message, askedAt, openUntil, form } of options.json ? [] : questions) {
      const until = openUntil === undefined ? "" : `, open until ${timeText(openUntil)}`;
      process.stdout.write(`${oneLine(question)}\n  ${oneLine(message)}\n  asked ${timeText(askedAt)}${until}\n`);
      if (form !== undefined) process.stdout.write(`  form ${oneLine(jsonText(form))}\n`);
    }
    return Exit.success;
  });
}

/** Answers a question, and goes on with its execution, until it is over or waits again. */
export async function answerQuestion(id: string, options: AnswerQuestionOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const [asked] = await executions.waiting(id);
    await executions.answer(id, options.value);
    const executionId = String(asked?.executionId ?? id);
    let row = await executions.get(executionId);
    while (row.status === "running") {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      row = await executions.get(executionId);
    }
    const { status, wakeAt, reason, error } = row;
    const until = wakeAt === undefined ? "" : ` until ${timeText(wakeAt)}`;
    const { warnings } = isFinished(status) ? await executions.trace(executionId) : {};
    if (options.json) process.stdout.write(`${jsonText({ ...row, warnings }, 2)}\n`);
    else process.stdout.write(`${oneLine(executionId)} ${status}${until}${reason ? `: ${oneLine(reason)}` : ""}\n`);
    if (error !== undefined) process.stderr.write(`${oneLine((JSON.parse(error) as Error).message)}\n`);
    if (!options.json) process.stdout.write(warningsText(warnings));
    return status === "failed" ? Exit.failed : status === "cancelled" ? Exit.cancelled : Exit.success;
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
  const { success, data, error, warnings, duration: ms = 0 } = result;
  if (json) process.stdout.write(`${jsonText({ executionId: id, success, data, error, warnings }, 2)}\n`);
  else if (success) process.stdout.write(`${oneLine(id)} completed after ${duration(ms)}\n`);
  else process.stderr.write(`${oneLine(id)} failed: ${error?.code}: ${oneLine(error?.message ?? "")}\n`);
  if (!json) process.stdout.write(warningsText(warnings));
  return exitOf(result);
}

function listText(rows: readonly StoredExecution[], hasMore: boolean): string {
  if (rows.length === 0) return "There are no such executions\n";
  const lines = rows.map(({ id, name, status, startedAt, endedAt, trigger, parentId, summary = "{}" }) => {
    const took = endedAt === undefined ? "" : duration(endedAt - startedAt);
    const fork = trigger === FORKED ? pc.dim(`  fork of ${oneLine(parentId ?? "")}`) : "";
    const { warnings = 0 } = JSON.parse(summary) as { warnings?: number };
    const warned = warnings === 0 ? "" : pc.yellow(`  ! ${counted(warnings, "warning")}`);
    return `${timeText(startedAt)}  ${column(status, 10)} ${column(took, 9)} ${column(oneLine(name), 24)} ${oneLine(id)}${fork}${warned}`;
  });
  const more = hasMore ? pc.dim("There are more: --limit shows them\n") : "";
  return `${lines.join("\n")}\n${more}`;
}
