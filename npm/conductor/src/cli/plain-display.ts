/** A run as plain lines, one per node that starts or ends: for pipes, files and logs. */
import { attemptText, roundsText } from "../engine/activity.js";
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import type { Display, Output } from "./display.js";
import { duration, etaText, oneLine } from "./text.js";
import { isOver, treeOf } from "./tree.js";

interface OutputLine {
  at: number;
  text: string;
  /** Of a failure: 0 for what failed by itself, 1 for what was stopped because of it, 2 for a group around it. */
  rank?: number;
}

/** Rounds of a loop are told of when another part of this many is done. */
const PARTS_OF_LOOP = 10;

/**
 * Writes a line for each node that starts, completes, fails or is skipped, for each further try and for each tenth of a
 * loop, in the order in which it happened.
 *
 * @param verbose also what nodes say of their progress, and how long the run still takes where that is known
 */
export function plainDisplay(output: Output, verbose = false): Display {
  const shown = new Map<string, ExecutionGraphNode>();
  let wasPaused = false;
  let toldEta = false;
  return {
    show(state) {
      const lines = linesSince(shown, state, verbose);
      for (const { text } of lines) output.write(`${text}\n`);
      const { eta } = verbose && (lines.length > 0 || !toldEta) ? state : {};
      toldEta ||= eta !== undefined;
      if (eta !== undefined) output.write(`${etaText(eta)}\n`);
      const isPaused = state.isPaused === true;
      if (isPaused !== wasPaused && state.isExecuting) output.write(isPaused ? "paused\n" : "resumed\n");
      wasPaused = isPaused;
    },
    note(text) {
      output.write(`${text}\n`);
    },
    suspend: () => () => {},
    end() {},
  };
}

/** Times are whole ms; what happened in the same one is told in the order in which it can have happened. */
function linesSince(
  shown: Map<string, ExecutionGraphNode>,
  state: ExecutionGraphState,
  verbose: boolean,
): OutputLine[] {
  const lines: OutputLine[] = [];
  // Groups that the walk is in, with how they ended: that is told after what they contain.
  const open: { depth: number; end: OutputLine | undefined }[] = [];
  const close = (depth: number) => {
    while (open.length > 0 && (open.at(-1) as (typeof open)[number]).depth >= depth) {
      const end = open.pop()?.end;
      if (end !== undefined) lines.push(end);
    }
  };
  const now = Date.now();
  for (const { node, path, depth, isGroup } of treeOf(state, "levels")) {
    close(depth);
    const before = shown.get(path);
    shown.set(path, node);
    const label = `${path}${isGroup ? "/" : ""}`;
    const isToldByItsEnd = node.reused && !isGroup;
    if (node.startTime !== undefined && before?.startTime === undefined && !isToldByItsEnd) {
      lines.push({ at: node.startTime, text: `started    ${label}` });
    }
    const doing = doingText(before, node, verbose, now);
    if (doing !== undefined) lines.push({ at: now, text: `${doing.word.padEnd(10)} ${label}: ${oneLine(doing.text)}` });
    const ended = isOver(node) && !(before !== undefined && isOver(before));
    const end = ended ? { at: node.endTime ?? 0, text: endText(node, label), ...rankOf(node, isGroup) } : undefined;
    if (isGroup) open.push({ depth, end });
    else if (end !== undefined) lines.push(end);
  }
  close(0);
  return culpritsFirst(lines.sort((one, other) => one.at - other.at));
}

/** What a node that runs does that is worth a line of its own. */
function doingText(
  before: ExecutionGraphNode | undefined,
  node: ExecutionGraphNode,
  verbose: boolean,
  now: number,
): { word: string; text: string } | undefined {
  if (node.state !== "executing") return undefined;
  const { attempts, rounds } = node;
  if (attempts?.retryAt !== undefined && before?.attempts?.retryAt !== attempts.retryAt) {
    return { word: "waiting", text: attemptText(attempts, now) };
  }
  if (rounds !== undefined) {
    const { done, total = 0 } = rounds;
    const part = (of: number) => Math.floor((of * PARTS_OF_LOOP) / total);
    const isWorthALine = done > 0 && done < total && part(done) > part(before?.rounds?.done ?? 0);
    return isWorthALine ? { word: "running", text: roundsText(rounds) } : undefined;
  }
  const { message } = node;
  return verbose && message !== undefined && message !== before?.message
    ? { word: "running", text: message }
    : undefined;
}

function rankOf({ state, cancelled }: ExecutionGraphNode, isGroup: boolean): { rank?: number } {
  if (state !== "error") return {};
  return { rank: isGroup ? 2 : cancelled ? 1 : 0 };
}

/** Of what ended at the same moment because of a failure, what failed by itself comes first. */
function culpritsFirst(lines: OutputLine[]): OutputLine[] {
  const sorted = [...lines];
  for (let from = 0; from < lines.length; ) {
    let to = from + 1;
    while (to < lines.length && lines[to]?.at === lines[from]?.at) to++;
    const places = lines.slice(from, to).flatMap(({ rank }, place) => (rank === undefined ? [] : [from + place]));
    const failures = places.map((place) => lines[place] as OutputLine);
    failures.sort((one, other) => (one.rank as number) - (other.rank as number));
    for (const [index, place] of places.entries()) sorted[place] = failures[index] as OutputLine;
    from = to;
  }
  return sorted;
}

function endText(node: ExecutionGraphNode, label: string): string {
  const took = node.duration === undefined ? "" : ` in ${duration(node.duration)}`;
  if (node.state === "skipped" && !node.cancelled) return `skipped    ${label}`;
  if (node.state === "completed" && node.reused) return `reused     ${label}`;
  if (node.state === "completed") {
    const tries = node.attempts === undefined ? "" : `, try ${node.attempts.number}`;
    const rounds = node.rounds === undefined ? "" : `, ${node.rounds.done} rounds`;
    const cached = node.nodes === undefined && node.cached !== undefined ? ", from the cache" : "";
    return `completed  ${label}${took}${tries}${rounds}${cached}`;
  }
  if (node.cancelled) return `cancelled  ${label}${took}`;
  const why = node.error === undefined ? "" : `: ${oneLine(node.error)}`;
  return `${node.handled ? "handled  " : "failed   "}  ${label}${took}${why}`;
}
