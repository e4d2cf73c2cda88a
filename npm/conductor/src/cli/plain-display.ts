/** A run as plain lines, one per node that starts or ends: for pipes, files and logs. */
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import type { Display, Output } from "./display.js";
import { duration, oneLine } from "./text.js";
import { isOver, treeOf } from "./tree.js";

interface Line {
  at: number;
  text: string;
}

/** Writes `started`, `completed`, `failed` and `skipped` lines, in the order in which it happened. */
export function plainDisplay(output: Output): Display {
  const shown = new Map<string, ExecutionGraphNode>();
  return {
    show(state) {
      for (const { text } of linesSince(shown, state)) output.write(`${text}\n`);
    },
    note(text) {
      output.write(`${text}\n`);
    },
    end() {},
  };
}

function linesSince(shown: Map<string, ExecutionGraphNode>, state: ExecutionGraphState): Line[] {
  const starts: Line[] = [];
  const ends: Line[] = [];
  for (const { node, path, isGroup } of treeOf(state)) {
    const before = shown.get(path);
    if (before === node) continue;
    shown.set(path, node);
    const label = `${path}${isGroup ? "/" : ""}`;
    if (node.startTime !== undefined && before?.startTime === undefined) {
      starts.push({ at: node.startTime, text: `started    ${label}` });
    }
    if (isOver(node) && !(before !== undefined && isOver(before))) {
      const line = { at: node.endTime ?? 0, text: endText(node, label) };
      // A group ends after what it contains, which comes later in the tree.
      if (isGroup) ends.push(line);
      else ends.unshift(line);
    }
  }
  // Of what happened in the same ms, starts are told first, so that no node ends before it started.
  return [...starts, ...ends].sort((one, other) => one.at - other.at);
}

function endText(node: ExecutionGraphNode, label: string): string {
  const took = node.duration === undefined ? "" : ` in ${duration(node.duration)}`;
  if (node.state === "skipped") return `skipped    ${label}`;
  if (node.state === "completed") return `completed  ${label}${took}`;
  return `failed     ${label}${took}${node.error === undefined ? "" : `: ${oneLine(node.error)}`}`;
}
