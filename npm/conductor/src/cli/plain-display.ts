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

/** Times are whole ms; what happened in the same one is told in the order in which it can have happened. */
function linesSince(shown: Map<string, ExecutionGraphNode>, state: ExecutionGraphState): Line[] {
  const lines: Line[] = [];
  // Groups that the walk is in, with how they ended: that is told after what they contain.
  const open: { depth: number; end: Line | undefined }[] = [];
  const close = (depth: number) => {
    while (open.length > 0 && (open.at(-1) as (typeof open)[number]).depth >= depth) {
      const end = open.pop()?.end;
      if (end !== undefined) lines.push(end);
    }
  };
  for (const { node, path, depth, isGroup } of treeOf(state, "levels")) {
    close(depth);
    const before = shown.get(path);
    shown.set(path, node);
    const label = `${path}${isGroup ? "/" : ""}`;
    if (node.startTime !== undefined && before?.startTime === undefined) {
      lines.push({ at: node.startTime, text: `started    ${label}` });
    }
    const ended = isOver(node) && !(before !== undefined && isOver(before));
    const end = ended ? { at: node.endTime ?? 0, text: endText(node, label) } : undefined;
    if (isGroup) open.push({ depth, end });
    else if (end !== undefined) lines.push(end);
  }
  close(0);
  return lines.sort((one, other) => one.at - other.at);
}

function endText(node: ExecutionGraphNode, label: string): string {
  const took = node.duration === undefined ? "" : ` in ${duration(node.duration)}`;
  if (node.state === "skipped") return `skipped    ${label}`;
  if (node.state === "completed") return `completed  ${label}${took}`;
  return `failed     ${label}${took}${node.error === undefined ? "" : `: ${oneLine(node.error)}`}`;
}
