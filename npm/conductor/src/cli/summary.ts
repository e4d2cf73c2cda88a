/** What is said when a run is over. */

import { shownOf } from "../api/result.js";
import type { ExecutionResult, RunWarning } from "../types/execution.js";
import type { ExecutionGraphState } from "../types/graph.js";
import pc from "./colour.js";
import { jsonText } from "./json.js";
import { counted, duration, fitted, inColour, oneLine, SIGNS } from "./text.js";
import { timeShares, timeTable } from "./time-table.js";
import { cachedIn, type TreeNode, treeOf } from "./tree.js";

/** How the nodes of a run ended. */
export interface Tally {
  /** Also those that failed. */
  ran: number;
  /** Not run, as what they gave in an earlier execution still holds. */
  reused: number;
  skipped: number;
  /** By themselves, and nothing took their error. */
  failed: number;
  /** Failed, and an edge took the error. */
  handled: number;
  /** Stopped because another one failed, the run was cancelled, or their branch was not waited for. */
  cancelled: number;
  /** The run was over before their turn. */
  pending: number;
}

/** Counts leaves, and loops as one each. */
export function tallyOf(leaves: TreeNode[]): Tally {
  const failures = leaves.filter(({ node }) => node.state === "error").map(({ node }) => node);
  const count = (wanted: string) => leaves.filter(({ node }) => node.state === wanted).length;
  const reused = leaves.filter(({ node }) => node.reused).length;
  const handled = failures.filter((node) => node.handled).length;
  const stopped = failures.filter((node) => node.cancelled).length;
  // Of branches that were not waited for.
  const left = leaves.filter(({ node }) => node.state === "skipped" && node.cancelled).length;
  return {
    ran: count("completed") + failures.length + left - reused,
    reused,
    skipped: count("skipped") - left,
    failed: failures.length - handled - stopped,
    handled,
    cancelled: stopped + left,
    pending: count("pending"),
  };
}

/** How it ended, how much was done, where the time went, and the value that came out, without secrets: a terminal may be recorded. */
export function summary(
  title: string,
  result: ExecutionResult,
  state: ExecutionGraphState,
  columns: number,
  verbose = false,
): string {
  const took = result.duration ?? 0;
  const leaves = treeOf(state).filter(({ isGroup }) => !isGroup);
  const { ran, reused, skipped, failed, handled, cancelled, pending } = tallyOf(leaves);
  const cached = leaves.reduce((sum, { node }) => sum + cachedIn(node), 0);
  const end = endOf(result);
  const facts = [
    `${counted(ran, "node")} run`,
    ...(reused > 0 ? [`${reused} reused`] : []),
    `${skipped} skipped`,
    `${failed} failed`,
    ...(cached > 0 ? [`${counted(cached, "output")} from the cache`] : []),
    ...(handled > 0 ? [`${handled} handled`] : []),
    ...(cancelled > 0 ? [`${cancelled} ${end.stopped}`] : []),
    // Of a failed run that goes without saying.
    ...(result.success && pending > 0 ? [`${pending} not begun, as the run was ended before`] : []),
  ];
  const lines = [
    "",
    `${inColour(end.state, `${SIGNS[end.state]} ${oneLine(title)} ${end.word}`)} ${result.success ? "in" : "after"} ${duration(took)}`,
    pc.dim(`  ${facts.join(", ")}`),
  ];
  const { trace, context } = result;
  const shares = timeShares(leaves, trace?.retries ?? [], context?.executionId ?? "", took);
  const table = timeTable(shares, took, columns, verbose);
  if (table.length > 0) lines.push("", ...table);
  const { data } = shownOf(result);
  if (result.success && data !== undefined)
    lines.push("", `${pc.dim("Result")}  ${fitted(preview(data), columns - 8)}`);
  return `${lines.join("\n")}\n`;
}

/** What the author of the flow should know of: how many, then node and text of each; nothing where there are none. */
export function warningsText(warnings: readonly RunWarning[] = []): string {
  if (warnings.length === 0) return "";
  const lines = warnings.map(({ nodeId, message, count = 1 }) => {
    const times = count > 1 ? pc.dim(` (${count} times)`) : "";
    return `  ${pc.yellow("!")} ${oneLine(nodeId)}: ${oneLine(message)}${times}`;
  });
  return `${["", pc.yellow(counted(warnings.length, "warning")), ...lines].join("\n")}\n`;
}

function endOf({ success, error }: ExecutionResult) {
  if (success) return { state: "completed", word: "succeeded", stopped: "cancelled" } as const;
  if (error?.code === "CANCELLED") return { state: "error", word: "was cancelled", stopped: "stopped" } as const;
  return { state: "error", word: error?.code === "TIMEOUT" ? "timed out" : "failed", stopped: "cancelled" } as const;
}

function preview(data: unknown): string {
  try {
    return oneLine(jsonText(data));
  } catch {
    return oneLine(Object.prototype.toString.call(data));
  }
}
