/** The nodes of a recorded execution at one moment, line by line. */
import { messageOf } from "@atomiton/values";

import type { Replay, ReplayMoment, ReplayNode } from "../types/replay.js";
import pc from "./colour.js";
import { column, counted, duration, fitted, inColour, oneLine, SIGNS, timeText } from "./text.js";

const LABEL_WIDTH = 28;
const TIME_WIDTH = 10;

/** Where a replay stands, in one line. */
export function headText({ length }: Replay, { step, time, kind, progress }: ReplayMoment): string {
  return `step ${step} of ${length}   ${timeText(time)}   ${progress} %${kind === undefined ? "" : `   ${kind}`}`;
}

/** A line for each node, none wider than the terminal. */
export function nodeLines(moment: ReplayMoment, columns: number, nodes = moment.nodes): string[] {
  return nodes.map((node) => nodeLine(moment, node, columns));
}

/** Sign, name, how long it took, and what else there is to say: tries, progress, why it failed. */
export function nodeLine(moment: ReplayMoment, node: ReplayNode, columns: number): string {
  const label = column(`${"  ".repeat(Math.min(node.depth, 8))}${SIGNS[node.state]} ${oneLine(node.id)}`, LABEL_WIDTH);
  const time = timeOf(moment, node).padStart(TIME_WIDTH);
  const remark = fitted(remarkOf(moment, node), Math.max(columns - LABEL_WIDTH - TIME_WIDTH - 2, 0));
  const text = node.state === "error" ? pc.red(remark) : pc.dim(remark);
  return `${inColour(node.state, fitted(label, columns))}${pc.dim(fitted(time, Math.max(columns - LABEL_WIDTH, 0)))}${remark === "" ? "" : `  ${text}`}`;
}

function remarkOf(moment: ReplayMoment, { path, state, attempts, progress }: ReplayNode): string {
  const tries =
    attempts > 1 ? (state === "executing" ? `try ${attempts}` : `after ${counted(attempts, "try", "tries")}`) : "";
  const facts = [tries, state === "executing" && progress > 0 ? `${progress} %` : ""];
  if (state === "error") facts.push(errorText(moment, path));
  return facts.filter((fact) => fact !== "").join(", ");
}

function errorText(moment: ReplayMoment, path: string): string {
  try {
    const error = moment.error(path);
    return error === undefined ? "" : oneLine(`${error.code}: ${error.message}`);
  } catch (error) {
    return oneLine(messageOf(error));
  }
}

function timeOf({ time }: ReplayMoment, { state, startTime, endTime }: ReplayNode): string {
  if (startTime === undefined) return state === "skipped" ? "skipped" : "";
  return duration(Math.max(0, (endTime ?? time) - startTime));
}
