/** What is said when a run is over. */

import type { ExecutionResult, RunWarning } from "../types/execution.js";
import type { ExecutionGraphState } from "../types/graph.js";
import pc from "./colour.js";
import { jsonText } from "./json.js";
import { bar, column, counted, duration, fitted, inColour, oneLine, SIGNS } from "./text.js";
import { type TreeNode, treeOf } from "./tree.js";

/** Nodes that took longest, at most. */
const LISTED = 5;
const LABEL_WIDTH = 36;
const TIME_WIDTH = 10;
const BAR_WIDTH = 20;

/** What a run did. Times in ms. */
export interface Tally {
  ran: number;
  skipped: number;
  failed: number;
  /** In which no node was in flight; measured in whole ms. */
  betweenNodes: number;
  /** The leaves that took longest, longest first. */
  longest: TreeNode[];
}

/** Counts leaves; a node that failed ran too. */
export function tallyOf(state: ExecutionGraphState, took: number): Tally {
  const leaves = treeOf(state).filter(({ isGroup }) => !isGroup);
  const count = (wanted: string) => leaves.filter(({ node }) => node.state === wanted).length;
  const failed = count("error");
  const timed = leaves.filter(({ node }) => node.duration !== undefined && node.state !== "skipped");
  return {
    ran: count("completed") + failed,
    skipped: count("skipped"),
    failed,
    betweenNodes: Math.max(0, took - covered(timed)),
    longest: timed
      .sort((one, other) => (other.node.duration as number) - (one.node.duration as number))
      .slice(0, LISTED),
  };
}

/** How it ended, how much was done, where the time went, and the value that came out. */
export function summary(title: string, result: ExecutionResult, state: ExecutionGraphState, columns: number): string {
  const took = result.duration ?? 0;
  const { ran, skipped, failed, betweenNodes, longest } = tallyOf(state, took);
  const end = endOf(result);
  const lines = [
    "",
    `${inColour(end.state, `${SIGNS[end.state]} ${oneLine(title)} ${end.word}`)} ${result.success ? "in" : "after"} ${duration(took)}`,
    pc.dim(`  ${counted(ran, "node")} run, ${skipped} skipped, ${failed} ${end.stopped}`),
  ];
  if (longest.length > 0) {
    lines.push("", "Where the time went");
    for (const { node, path } of longest) lines.push(share(path, node.duration as number, took));
    lines.push(share("between nodes", betweenNodes, took));
  }
  if (result.success && result.data !== undefined)
    lines.push("", `${pc.dim("Result")}  ${fitted(preview(result.data), columns - 8)}`);
  return `${lines.join("\n")}\n`;
}

/** What the author of the flow should know of: how many, then node and text of each. */
export function warningsText(warnings: readonly RunWarning[]): string {
  const lines = warnings.map(({ nodeId, message, count = 1 }) => {
    const times = count > 1 ? pc.dim(` (${count} times)`) : "";
    return `  ${pc.yellow("!")} ${oneLine(nodeId)}: ${oneLine(message)}${times}`;
  });
  return `${["", pc.yellow(counted(warnings.length, "warning")), ...lines].join("\n")}\n`;
}

function endOf({ success, error }: ExecutionResult) {
  if (success) return { state: "completed", word: "succeeded", stopped: "failed" } as const;
  if (error?.code === "CANCELLED") return { state: "error", word: "was cancelled", stopped: "stopped" } as const;
  return { state: "error", word: error?.code === "TIMEOUT" ? "timed out" : "failed", stopped: "failed" } as const;
}

function share(label: string, ms: number, whole: number): string {
  const part = whole === 0 ? 0 : ms / whole;
  const percent = `${Math.round(Math.min(part, 1) * 100)} %`.padStart(7);
  const { full, rest } = bar(part, BAR_WIDTH);
  return `  ${column(label, LABEL_WIDTH)}${duration(ms).padStart(TIME_WIDTH)}${percent}  ${pc.cyan(full)}${pc.dim(rest)}`;
}

/** The time in which at least one of the nodes was in flight. */
function covered(nodes: TreeNode[]): number {
  const spans = nodes.map(({ node }) => [node.startTime as number, node.endTime as number] as const);
  spans.sort((one, other) => one[0] - other[0]);
  let [sum, until] = [0, Number.NEGATIVE_INFINITY];
  for (const [start, end] of spans) {
    if (end <= until) continue;
    sum += end - Math.max(start, until);
    until = end;
  }
  return sum;
}

function preview(data: unknown): string {
  try {
    return oneLine(jsonText(data));
  } catch {
    return oneLine(Object.prototype.toString.call(data));
  }
}
