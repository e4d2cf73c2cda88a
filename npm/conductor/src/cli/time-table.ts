/** Where the time of a run went: a table whose rows add up to it. */
import { runsInRounds } from "../types/definition.js";
import type { RetryRecord } from "../types/graph.js";
import pc from "./colour.js";
import { bar, column, counted, duration } from "./text.js";
import type { TreeNode } from "./tree.js";

/** Nodes that are listed each by itself, at most. */
const LISTED = 8;
const TIME_WIDTH = 10;
const PERCENT_WIDTH = 7;
const LEAST_LABEL = 16;
const LARGEST_LABEL = 36;
const BAR_WIDTH = 16;

/** What one row says. Times in ms. */
export interface Share {
  label: string;
  /** Its part of the run's time in which it worked. */
  own: number;
  /** Its part in which it waited for another try. */
  waiting: number;
}

/** Where the time went. Times in ms. */
export interface TimeShares {
  /** The longest first. Together with `engine` they are the time that the run took. */
  shares: Share[];
  /** In which no node was in flight. */
  engine: number;
  /** What the nodes took, each by itself: more than the run where they ran side by side. */
  together: number;
}

interface Span {
  share: Share;
  part: "own" | "waiting";
  from: number;
  to: number;
}

/**
 * Shares a run's time out among its nodes. Of a moment in which several were in flight, each gets an equal part, so that
 * the parts add up to the whole.
 *
 * @param leaves nodes without others in them
 * @param took what the run took
 */
export function timeShares(
  leaves: TreeNode[],
  retries: readonly RetryRecord[],
  root: string,
  took: number,
): TimeShares {
  const spans: Span[] = [];
  let together = 0;
  const shares: Share[] = [];
  const waits = waitsByPath(retries, root);
  for (const { node, path } of leaves) {
    const { startTime, endTime, state, rounds } = node;
    if (startTime === undefined || endTime === undefined || state === "skipped") continue;
    const share: Share = {
      label: rounds === undefined ? path : `${path} (${counted(rounds.done, "round")})`,
      own: 0,
      waiting: 0,
    };
    shares.push(share);
    together += endTime - startTime;
    let at = startTime;
    // In a loop others go on while one waits.
    for (const [from, to] of runsInRounds(node.type) ? [] : (waits.get(path) ?? [])) {
      const [begin, end] = [Math.max(from, at), Math.min(to, endTime)];
      if (end <= begin) continue;
      spans.push({ share, part: "own", from: at, to: begin }, { share, part: "waiting", from: begin, to: end });
      at = end;
    }
    spans.push({ share, part: "own", from: at, to: endTime });
  }
  const covered = shareOut(spans.filter(({ from, to }) => to > from));
  // Times of nodes are whole ms, so that together they may be a little more than the run.
  const scale = covered > took && covered > 0 ? took / covered : 1;
  for (const share of shares) {
    share.own *= scale;
    share.waiting *= scale;
  }
  shares.sort((one, other) => other.own + other.waiting - (one.own + one.waiting));
  return { shares, engine: Math.max(0, took - covered * scale), together };
}

/** The table, no wider than `columns`. */
export function timeTable(
  { shares, engine, together }: TimeShares,
  took: number,
  columns: number,
  all = false,
): string[] {
  if (shares.length === 0) return [];
  const listed = all || shares.length <= LISTED + 1 ? shares : shares.slice(0, LISTED);
  const rest = shares.slice(listed.length);
  const sum = (part: "own" | "waiting", of: Share[]) => of.reduce((total, share) => total + share[part], 0);
  const rows: Share[] = [...listed];
  if (rest.length > 0) {
    rows.push({ label: counted(rest.length, "more node"), own: sum("own", rest), waiting: sum("waiting", rest) });
  }
  rows.push({ label: "engine, between nodes", own: engine, waiting: 0 });
  const waits = rows.some(({ waiting }) => waiting > 0);
  const percents = percentsOf(rows.map(({ own, waiting }) => own + waiting));
  const numbers = TIME_WIDTH * (waits ? 2 : 1) + PERCENT_WIDTH;
  const label = Math.max(LEAST_LABEL, Math.min(LARGEST_LABEL, columns - 2 - numbers));
  const barWidth = Math.max(0, Math.min(BAR_WIDTH, columns - 2 - label - numbers - 2));
  const cells = (own: number, waiting: number) =>
    `${duration(own).padStart(TIME_WIDTH)}${waits ? (waiting > 0 ? duration(waiting) : "").padStart(TIME_WIDTH) : ""}`;
  const lines = rows.map(({ label: name, own, waiting }, index) => {
    const percent = percents[index] as number;
    const { full, rest: left } = bar(percent / 100, barWidth);
    const picture = barWidth < 4 ? "" : `  ${pc.cyan(full)}${pc.dim(left)}`;
    return `  ${column(name, label)}${cells(own, waiting)}${`${percent} %`.padStart(PERCENT_WIDTH)}${picture}`;
  });
  const head = `${column("Where the time went", label + 2)}${"own".padStart(TIME_WIDTH)}${waits ? "waiting".padStart(TIME_WIDTH) : ""}`;
  const total = `  ${column("in all", label)}${cells(sum("own", rows), sum("waiting", rows))}${"100 %".padStart(PERCENT_WIDTH)}`;
  const sideBySide =
    together > took * 1.05 && took > 0
      ? [pc.dim(`  Nodes took ${duration(together)} together; of what ran at once each has its part.`)]
      : [];
  return [pc.dim(head), ...lines, pc.dim(total), ...sideBySide];
}

/** Gives each span its part of each moment; returns how long at least one was there. */
function shareOut(spans: Span[]): number {
  const times = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((one, other) => one - other);
  const starting = [...spans].sort((one, other) => one.from - other.from);
  let next = 0;
  let covered = 0;
  let active: Span[] = [];
  for (let index = 0; index + 1 < times.length; index++) {
    const [from, to] = [times[index] as number, times[index + 1] as number];
    while (next < starting.length && (starting[next] as Span).from <= from) active.push(starting[next++] as Span);
    active = active.filter((span) => span.to > from);
    if (active.length === 0) continue;
    covered += to - from;
    for (const { share, part } of active) share[part] += (to - from) / active.length;
  }
  return covered;
}

/** Whole percents that add up to 100. */
function percentsOf(parts: number[]): number[] {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  if (whole <= 0) return parts.map((_, index) => (index === parts.length - 1 ? 100 : 0));
  const exact = parts.map((part) => (part * 100) / whole);
  const percents = exact.map(Math.floor);
  const left = 100 - percents.reduce((sum, part) => sum + part, 0);
  const order = exact.map((part, index) => [part - Math.floor(part), index] as const);
  order.sort((one, other) => other[0] - one[0]);
  for (const [, index] of order.slice(0, left)) percents[index] = (percents[index] as number) + 1;
  return percents;
}

/** When nodes waited for another try, by their path, in order. */
function waitsByPath(retries: readonly RetryRecord[], root: string): Map<string, [number, number][]> {
  const waits = new Map<string, [number, number][]>();
  for (const { executionId, timestamp, retryAt } of retries) {
    const path = executionId.startsWith(`${root}/`) ? executionId.slice(root.length + 1) : executionId;
    const own = waits.get(path) ?? [];
    own.push([timestamp, retryAt]);
    waits.set(path, own);
  }
  return waits;
}
