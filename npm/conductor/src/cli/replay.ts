/** `conductor replay`: steps through a recorded execution, on a terminal or as plain text. */
import { existsSync } from "node:fs";

import { messageOf } from "@atomiton/values";

import { leftOutText } from "../api/replay/left-out-text.js";
import { openReplay } from "../exports/node.js";
import type { Replay, ReplayMoment } from "../types/replay.js";
import { readRunFile } from "./execution-files.js";
import { Exit, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { headText, nodeLines } from "./replay-nodes.js";
import { stepThrough } from "./replay-terminal.js";
import { column, oneLine, timeText } from "./text.js";
import { type StoreOptions, telling, withStore } from "./with-store.js";

/** Options of the command. */
export interface ReplayOptions extends StoreOptions {
  step?: number;
  /** Id or path of the node of which the value is printed. */
  node?: string;
}

/** Of pipes, which have no width. */
const PLAIN_COLUMNS = 120;

/** Replays a file where there is one of this name, else the execution of this id. */
export function replay(what: string, options: ReplayOptions): Promise<Exit> {
  if (existsSync(what)) return telling(async () => show(await openReplay(readRunFile(what)), options));
  if (/\.conductor-run$/.test(what)) throw new UsageError(`There is no file ${oneLine(what)}`);
  return withStore(options, async ({ executions }) => show(await executions.replay(what), options));
}

async function show(replay: Replay, { step, node, json }: ReplayOptions): Promise<Exit> {
  const { leftOut } = replay;
  // Beside the values, in whichever form they are printed.
  if (leftOut !== undefined) process.stderr.write(`${leftOutText(leftOut)} of this execution when it was exported\n`);
  const isPlain = step !== undefined || node !== undefined || json === true;
  if (!isPlain && process.stdin.isTTY && process.stdout.isTTY) {
    await stepThrough(replay);
    return Exit.success;
  }
  if (node !== undefined) {
    const moment = replay.at(step ?? replay.length);
    const value = moment.value(node);
    const error = moment.error(node);
    if (json) process.stdout.write(`${jsonText({ step: moment.step, node: moment.node(node), value, error }, 2)}\n`);
    else
      process.stdout.write(
        error === undefined ? `${jsonText(value, 2)}\n` : `${error.code}: ${oneLine(error.message)}\n`,
      );
    return Exit.success;
  }
  if (step !== undefined) {
    const moment = replay.at(step);
    process.stdout.write(json ? `${jsonText(momentJson(moment), 2)}\n` : momentText(replay, moment));
    return Exit.success;
  }
  if (json) process.stdout.write(`${jsonText({ ...headOf(replay), steps: [...stepsOf(replay)].map(stepJson) }, 2)}\n`);
  else for (const moment of stepsOf(replay)) process.stdout.write(stepText(replay, moment));
  return Exit.success;
}

function headOf({ executionId, status, flow, length, leftOut }: Replay) {
  return { executionId, status, flowId: flow.id, length, ...(leftOut && { leftOut }) };
}

function* stepsOf(replay: Replay): Generator<ReplayMoment> {
  for (let step = 1; step <= replay.length; step++) yield replay.at(step);
}

function stepJson({ step, time, kind, progress, changed }: ReplayMoment) {
  return { step, time, ...(kind && { kind }), progress, changed };
}

function momentJson(moment: ReplayMoment) {
  const nodes = moment.nodes.map((node) => ({
    ...node,
    ...whatItGave(() => moment.value(node.path)),
    error: moment.error(node.path),
  }));
  return { ...stepJson(moment), nodes };
}

/** Of some nodes inside loops the output is recorded only as a part of another one. */
function whatItGave(value: () => unknown): { value?: unknown; valueProblem?: string } {
  try {
    return { value: value() };
  } catch (error) {
    return { valueProblem: messageOf(error) };
  }
}

function momentText(replay: Replay, moment: ReplayMoment): string {
  return `${headText(replay, moment)}\n\n${nodeLines(moment, process.stdout.columns || PLAIN_COLUMNS).join("\n")}\n`;
}

function stepText({ length }: Replay, { step, time, kind, progress, changed }: ReplayMoment): string {
  const number = String(step).padStart(String(length).length);
  const nodes = changed.map(oneLine).join(", ");
  return `${number}  ${timeText(time)}  ${String(progress).padStart(3)} %  ${column(kind ?? "", 10)} ${nodes}`
    .trimEnd()
    .concat("\n");
}
