/** The estimate as it is defined, worked out in the plainest way from what is seen of a run. */
import type { ExecutionGraphNode, ExecutionGraphState } from "../../src/types/graph.js";
import type { Definition } from "../contract/flows.js";

/** What one execution took: ms by path, `null` for a node that did not run. */
export type Took = Record<string, number | null>;

export interface Estimate {
  ms: number;
  low: number;
  high: number;
}

interface Seen {
  definition: Definition;
  path: string;
  state: string;
  start: number | undefined;
  inner: Seen[];
}

/** How long a run still takes at `now`, which stands as `state` says. */
export function modelOf(
  flow: Definition,
  state: ExecutionGraphState,
  now: number,
  history: readonly Took[],
  concurrency: number,
): Estimate {
  const root: Seen = {
    definition: flow,
    path: "",
    state: "executing",
    start: undefined,
    inner: seenIn(flow, [...state.nodes.values()], ""),
  };
  const part = (quantile: 0 | 1 | 2) => timeOf(root, 1, quantile).time;
  return { low: part(0), ms: part(1), high: part(2) };

  function took(path: string): number[] {
    return history.flatMap((run) => run[path] ?? []).sort((a, b) => a - b);
  }

  function usual(path: string): number {
    return history.filter((run) => run[path] !== null && run[path] !== undefined).length / history.length;
  }

  /** `likelier`: how much more likely what is around it runs than in the history. */
  function timeOf(seen: Seen, likelier: number, quantile: 0 | 1 | 2): { time: number; work: number } {
    const { definition, path } = seen;
    if (definition.nodes === undefined) {
      const time = leafTime(seen, Math.min(1, usual(path) * likelier), quantile);
      return { time, work: time };
    }
    if (seen.state === "completed" || seen.state === "skipped") return { time: 0, work: 0 };
    let [longest, work] = [0, 0];
    const ends = new Map<string, number>();
    const factors = factorsIn(seen, likelier);
    const end = (id: string): number => {
      const known = ends.get(id);
      if (known !== undefined) return known;
      const sources = (definition.edges ?? []).filter(({ target }) => target === id);
      const from = Math.max(0, ...sources.map(({ source }) => end(source)));
      const inner = seen.inner.find((each) => each.definition.id === id) as Seen;
      const own = timeOf(inner, givenOf(inner, seen, likelier, factors), quantile);
      work += own.work;
      ends.set(id, from + own.time);
      return from + own.time;
    };
    for (const inner of seen.inner) longest = Math.max(longest, end(inner.definition.id));
    const isWide = concurrency === 1 && definition.parameters?.["parallel"] === true;
    const time = Math.max(longest, work / (isWide ? 5 : concurrency));
    return { time, work: isWide ? time : work };
  }

  function leafTime({ path, state: at, start }: Seen, chance: number, quantile: 0 | 1 | 2): number {
    if (at === "completed" || at === "skipped") return 0;
    const all = took(path);
    const time = quantileOf(all, [0.25, 0.5, 0.75][quantile] as number);
    if (at === "executing") return Math.max(0, time - (now - (start as number)));
    const expected = chance * quantileOf(all, 0.5);
    if (chance === 0) return 0;
    if (quantile === 0) return chance < 0.75 ? 0 : Math.min(time, expected);
    return quantile === 1 || chance <= 0.25 ? expected : time;
  }

  /** How much more likely each node runs than in the history; by id. */
  function factorsIn(scope: Seen, likelier: number): (id: string) => number {
    const factors = new Map<string, number>();
    const of = (id: string): number => {
      const known = factors.get(id);
      if (known !== undefined) return known;
      const seen = scope.inner.find((each) => each.definition.id === id) as Seen;
      const before = usual(seen.path);
      let factor = 1;
      if (before > 0 && seen.state === "skipped") factor = 0;
      else if (before > 0 && seen.state !== "pending") factor = 1 / before;
      else if (before > 0) factor = Math.min(1, before * givenOf(seen, scope, likelier, of)) / before;
      factors.set(id, factor);
      return factor;
    };
    return of;
  }

  function givenOf(seen: Seen, scope: Seen, likelier: number, of: (id: string) => number): number {
    const sources = (scope.definition.edges ?? []).filter(({ target }) => target === seen.definition.id);
    if (seen.definition.nodes === undefined || seen.state === "pending") {
      return sources.length === 0 ? likelier : Math.max(...sources.map(({ source }) => of(source)));
    }
    const before = usual(seen.path);
    return before > 0 ? 1 / before : 1;
  }

  function quantileOf(sorted: number[], part: number): number {
    if (sorted.length === 0) return 0;
    const place = (sorted.length - 1) * part;
    const below = sorted[Math.floor(place)] as number;
    return below + ((sorted[Math.ceil(place)] as number) - below) * (place % 1);
  }
}

function seenIn({ nodes = [] }: Definition, graph: readonly ExecutionGraphNode[], around: string): Seen[] {
  return nodes.map((definition) => {
    const node = graph.find(({ id }) => id === definition.id) as ExecutionGraphNode;
    const path = around === "" ? definition.id : `${around}/${definition.id}`;
    return {
      definition,
      path,
      state: node.state,
      start: node.startTime,
      inner: seenIn(definition, node.nodes ?? [], path),
    };
  });
}

/** What an execution took, from how it was seen at its end. */
export function tookOf(state: ExecutionGraphState): Took {
  const took: Took = {};
  const take = (seen: ExecutionGraphNode[], around: string) => {
    for (const node of seen) {
      const path = around === "" ? node.id : `${around}/${node.id}`;
      took[path] = node.state === "completed" ? (node.duration ?? 0) : null;
      take(node.nodes ?? [], path);
    }
  };
  take([...state.nodes.values()], "");
  return took;
}
