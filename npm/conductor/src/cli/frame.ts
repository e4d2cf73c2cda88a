/** One picture of a run for a terminal. */

import { attemptText } from "../engine/activity.js";
import type { ExecutionGraphState } from "../types/graph.js";
import pc from "./colour.js";
import { bar, column, counted, duration, etaText, fitted, inColour, oneLine, SIGNS } from "./text.js";
import { isOver, type TreeNode, treeOf } from "./tree.js";

/** What a picture depends on beside the run. */
export interface View {
  title: string;
  columns: number;
  rows: number;
  /** ms since the epoch. */
  now: number;
}

/** Lines that are not nodes: title, bar, critical path, an empty one, and the one in which the cursor stands. */
const OTHER_LINES = 5;
const LABEL_WIDTH = 28;
const LEAST_BAR = 10;
const TIME_WIDTH = 12;

/**
 * Title, overall progress, critical path, then the nodes: all of them where they fit, else those that run or failed.
 * No line is wider than the terminal.
 */
export function frame(state: ExecutionGraphState, view: View): string {
  const tree = treeOf(state);
  const lines = [
    pc.bold(fitted(view.title, view.columns)),
    progressLine(state, tree, view),
    criticalPathLine(state, view.columns),
    "",
    ...nodeLines(tree, view),
  ];
  return lines.join("\n");
}

function progressLine(state: ExecutionGraphState, tree: TreeNode[], { columns, now }: View): string {
  const leaves = tree.filter(({ isGroup }) => !isGroup);
  const done = leaves.filter(({ node }) => isOver(node)).length;
  const elapsed = `${duration((state.endTime ?? now) - (state.startTime ?? now))}${state.isPaused ? "   paused" : ""}`;
  const known = `${String(state.cachedProgress).padStart(4)} %   ${done} of ${counted(leaves.length, "node")}   ${elapsed}`;
  const { eta } = state;
  const left = eta === undefined ? "" : `   ${etaText(eta)}`;
  // Room for a bar matters more.
  const facts = known.length + left.length + LEAST_BAR <= columns ? known + left : known;
  const width = Math.min(Math.max(columns - facts.length, 0), 60);
  const { full, rest } = bar(state.cachedProgress / 100, width);
  return fitted(facts, columns) === facts ? `${pc.green(full)}${pc.dim(rest)}${facts}` : fitted(facts.trim(), columns);
}

function criticalPathLine(state: ExecutionGraphState, columns: number): string {
  const label = "critical path  ";
  const arrow = " → ";
  const steps = state.criticalPath.map((id) => ({ state: state.nodes.get(id)?.state ?? "pending", id: oneLine(id) }));
  let left = columns - label.length;
  const shown: string[] = [];
  // What is done matters less than what is to come, so a long path loses its beginning.
  let first = steps.length;
  for (; first > 0; first--) {
    const { state: at, id } = steps[first - 1] as (typeof steps)[number];
    const text = `${SIGNS[at]} ${id}`;
    const needed = [...text].length + (shown.length > 0 ? arrow.length : 0) + (first > 1 ? 1 + arrow.length : 0);
    if (needed > left) break;
    left -= [...text].length + (shown.length > 0 ? arrow.length : 0);
    shown.unshift(inColour(at, text));
  }
  if (first > 0) shown.unshift(pc.dim("…"));
  return fitted(label, columns) === label ? `${pc.dim(label)}${shown.join(pc.dim(arrow))}` : "";
}

function nodeLines(tree: TreeNode[], view: View): string[] {
  const room = Math.max(view.rows - OTHER_LINES, 1);
  if (tree.length <= room) return tree.map((entry) => nodeLine(entry, view));
  const busy = tree.filter(({ node }) => node.state === "executing" || node.state === "error");
  const shown = busy.slice(0, room - 1);
  const rest = tree.length - shown.length;
  const over = tree.filter(({ node }) => isOver(node) && node.state !== "error").length;
  const hidden = busy.length - shown.length;
  const more = `… ${counted(rest, "more node")}: ${over} done, ${hidden > 0 ? `${hidden} running, ` : ""}${rest - over - hidden} waiting`;
  return [...shown.map((entry) => nodeLine(entry, view)), pc.dim(fitted(more, view.columns))];
}

function nodeLine({ node, depth, isGroup }: TreeNode, { columns, now }: View): string {
  const { state } = node;
  const indent = "  ".repeat(Math.min(depth, 8));
  const label = column(`${indent}${SIGNS[state]} ${oneLine(node.id)}`, Math.min(LABEL_WIDTH, columns));
  const time = timeOf(node, isGroup, now).padStart(TIME_WIDTH);
  const room = Math.min(columns, 100) - LABEL_WIDTH - TIME_WIDTH - 1;
  if (room < 8) return inColour(state, label);
  const text = column(` ${remarkOf(node, now)}`, room);
  const failed = state === "error" && !node.handled && !node.cancelled;
  return `${inColour(state, label)}${failed ? pc.red(text) : pc.dim(text)}${pc.dim(time)}`;
}

/** What goes on while a node runs, why it failed when it did, else its name. */
function remarkOf({ id, state, message, error, name, type, ...node }: TreeNode["node"], now: number): string {
  const { attempts, cached, cancelled, handled, reused, rounds } = node;
  if (state === "executing" && attempts?.retryAt !== undefined) return oneLine(attemptText(attempts, now));
  if (state === "executing" && message !== undefined) return oneLine(message);
  if (cancelled) return "cancelled";
  if (state === "error" && error !== undefined) return `${handled ? "handled: " : ""}${oneLine(error)}`;
  if (state === "completed" && reused) return "reused";
  if (state === "completed" && attempts !== undefined) return `after ${counted(attempts.number, "try", "tries")}`;
  if (state === "completed" && cached !== undefined) return "from the cache";
  if (state === "completed" && rounds !== undefined) return counted(rounds.done, "round");
  return name === type || name === id ? "" : oneLine(name);
}

function timeOf(
  { state, progress, startTime, duration: took, cancelled }: TreeNode["node"],
  isGroup: boolean,
  now: number,
): string {
  if (state === "skipped" && !cancelled) return "skipped";
  if (took !== undefined) return duration(took);
  if (state !== "executing" || startTime === undefined) return "";
  const percent = isGroup || progress === 0 ? "" : `${progress} %  `;
  return `${percent}${duration(now - startTime)}`;
}
