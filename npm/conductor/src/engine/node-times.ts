/** How long the nodes of finished runs took, and what is to be expected of a further run from that. */
import type { FollowedRun } from "./followed-run.js";
import { EVENT_WORDS, EventKind, KIND_MASK } from "./generated.js";
import type { Outline } from "./outline.js";
import type { Plan } from "./plan.js";
import { stepsOf } from "./recorder.js";
import { State } from "./state.js";
import { nodeEndOf, nodeStartOf, stateOf, viewAtEnd } from "./view-numbers.js";

/** Of a node that did not run. */
const SKIPPED = -1;
/** Of a node that ran, but whose time says nothing of another run. */
const NOT_TIMED = Number.POSITIVE_INFINITY;

/** The paths of an outline's nodes, such as `loop/pay`, by which nodes of different outlines are matched. */
export class NodePaths {
  private places: Map<string, number> | undefined;

  constructor(readonly list: readonly string[]) {}

  /** The place of a path in the outline; `undefined` where it has none. Of several nodes with one path, the first. */
  placeOf(path: string): number | undefined {
    if (this.places === undefined) {
      this.places = new Map();
      for (const [place, at] of this.list.entries()) if (!this.places.has(at)) this.places.set(at, place);
    }
    return this.places.get(path);
  }

  isSame({ list }: NodePaths): boolean {
    return list === this.list || (list.length === this.list.length && list.every((path, at) => path === this.list[at]));
  }
}

const known = new WeakMap<Outline, NodePaths>();

/** The paths of a plan's nodes, in their order; that of the flow itself is empty. */
export function pathsOf(plan: Plan): NodePaths {
  let paths = known.get(plan.outline);
  if (paths === undefined) {
    const list = [""];
    for (let node = 1; node < plan.length; node++) {
      const parent = plan.parent(node);
      list.push(parent === 0 ? plan.id(node) : `${list[parent]}/${plan.id(node)}`);
    }
    paths = new NodePaths(list);
    known.set(plan.outline, paths);
  }
  return paths;
}

/** The times of one finished run. */
export interface RunTimes {
  executionId: string;
  /** ms since the epoch. */
  startedAt: number;
  paths: NodePaths;
  /** By node, in ms; or one of the marks above, NaN for a node of which nothing is known. */
  times: Float64Array;
  /** How many rounds loops had, by node. */
  rounds: ReadonlyMap<number, number>;
}

/**
 * The times of a run that is over; `undefined` where it did not succeed. The time of a node does not count that took an
 * output from the cache or from another execution, or that was under way when the run was paused or changed hands. Of a
 * disabled node, and of those inside it, nothing is known.
 */
export function timesOf(run: FollowedRun): RunTimes | undefined {
  const { plan, recording, hasSucceeded, context, startTime } = run;
  if (recording === undefined || !hasSucceeded) return undefined;
  const look = viewAtEnd(plan, recording);
  const breaks = breaksIn(recording.journal());
  const times = new Float64Array(plan.length);
  const rounds = new Map<number, number>();
  let disabledUntil = 0;
  for (let node = 0; node < plan.length; node++) {
    if (plan.isDisabled(node)) disabledUntil = Math.max(disabledUntil, plan.end(node));
    const state = node < disabledUntil ? State.pending : stateOf(look, node);
    const [start, end] = [nodeStartOf(look, node), nodeEndOf(look, node)];
    if (state < State.completed) times[node] = Number.NaN;
    else if (state > State.error) times[node] = SKIPPED;
    else if (Number.isNaN(end - start) || breaks.some((at) => start < at && at < end)) times[node] = NOT_TIMED;
    else times[node] = end - start;
    const activity = run.activityOf(node);
    if (activity === undefined) continue;
    if (activity.rounds !== undefined) rounds.set(node, activity.rounds.done);
    if (activity.cached === undefined && activity.inherited !== true) continue;
    times[node] = NOT_TIMED;
    // A loop around it took less time as well.
    for (let around = node; around > 0; ) {
      around = plan.parent(around);
      times[around] = NOT_TIMED;
    }
  }
  return { executionId: context.executionId, startedAt: startTime, paths: pathsOf(plan), times, rounds };
}

/** When a run was paused, or went on at another host. */
function breaksIn(journal: Uint32Array): number[] {
  const breaks: number[] = [];
  for (const { now, events } of stepsOf(journal)) {
    for (let at = 0; at < events.length; at += EVENT_WORDS) {
      const kind = (events[at] as number) & KIND_MASK;
      if (kind === EventKind.pause || kind === EventKind.takenOver) breaks.push(now);
    }
  }
  return breaks;
}

/** Lower quartile, median and upper quartile in ms. */
export type Spread = readonly [low: number, median: number, high: number];

/** What is to be expected of the nodes of a run. */
export interface ExpectedTimes {
  /** How many runs it is made from. */
  basis: number;
  /** How long a node takes that runs; missing where no run tells. */
  spread(node: number): Spread | undefined;
  /** How long a loop of so many rounds takes; missing where no run tells. */
  spreadOfRounds(node: number, rounds: number): Spread | undefined;
  /** In how many of the runs that had the node it ran, 0–1; NaN where no run had it, 0 where it is disabled now. */
  chance(node: number): number;
}

/** What runs, the same flow's or one's that was edited since, let expect of a run of a plan. */
export function expectedTimes(runs: readonly RunTimes[], plan: Plan): ExpectedTimes {
  const paths = pathsOf(plan);
  const sources = runs.map((run) => ({ ...run, isSame: run.paths === paths || run.paths.isSame(paths) }));
  const placeIn = ({ isSame, paths: others }: (typeof sources)[number], node: number) =>
    isSame ? node : others.placeOf(paths.list[node] as string);
  return {
    basis: runs.length,
    spread(node) {
      const took: number[] = [];
      for (const source of sources) {
        const time = source.times[placeIn(source, node) ?? -1] ?? Number.NaN;
        if (time >= 0 && time !== NOT_TIMED) took.push(time);
      }
      return spreadOf(took);
    },
    spreadOfRounds(node, count) {
      const took: number[] = [];
      for (const source of sources) {
        const place = placeIn(source, node) ?? -1;
        const time = source.times[place] ?? Number.NaN;
        const rounds = source.rounds.get(place) ?? 0;
        if (time >= 0 && time !== NOT_TIMED && rounds > 0) took.push((time / rounds) * count);
      }
      return spreadOf(took);
    },
    chance(node) {
      if (plan.isDisabled(node)) return 0;
      let [ran, all] = [0, 0];
      for (const source of sources) {
        const time = source.times[placeIn(source, node) ?? -1] ?? Number.NaN;
        if (Number.isNaN(time)) continue;
        all++;
        if (time !== SKIPPED) ran++;
      }
      return ran / all;
    },
  };
}

/**
 * How likely a node runs, or has run: 1 for one that began. One that is to come runs as often as it did, more often where
 * what leads to it runs and did not always.
 *
 * @param usual how often it ran, 0–1; NaN where that is not known
 * @param state the number of its state
 * @param given how much likelier than usual what leads to it is: the largest `ratioOf` of the nodes that it depends on
 */
export function chanceOf(usual: number, state: number, given: number): number {
  if (state !== State.pending) return state > State.error ? 0 : 1;
  return Math.min(1, (Number.isNaN(usual) ? 1 : usual) * given);
}

/** How much likelier than usual a node is. From one that never ran, and from one that is new, nothing follows. */
export function ratioOf(chance: number, usual: number): number {
  return usual > 0 ? chance / usual : 1;
}

function spreadOf(took: number[]): Spread | undefined {
  if (took.length === 0) return undefined;
  took.sort((one, other) => one - other);
  const at = (part: number) => {
    const place = part * (took.length - 1);
    const [below, above] = [took[Math.floor(place)] as number, took[Math.ceil(place)] as number];
    return below + (above - below) * (place - Math.floor(place));
  };
  return [at(0.25), at(0.5), at(0.75)];
}
