/** Where the nodes of a flow are drawn: one column or one row for each level. */
import type { NodeEdge } from "@atomiton/conductor/slim";
import type { Flow } from "./flow.ts";

/** The size of a node's card in px. */
export const CARD = { width: 190, height: 92 };

const GAP = { along: 60, across: 28 };

/** How many columns a wide page has room for. */
const MOST_COLUMNS = 4;

/** Which way the edges go. */
export type Direction = "right" | "down";

/** The places of all nodes, by id, and which way the edges go. */
export interface Layout {
  direction: Direction;
  places: Map<string, { x: number; y: number }>;
}

/** Finds the places of a flow's nodes on a page that is narrow or not. */
export function layOut(flow: Flow, isNarrow: boolean): Layout {
  const columns: string[][] = [];
  for (const [id, level] of levels(flow)) {
    columns[level] ??= [];
    columns[level].push(id);
  }
  const direction = isNarrow || columns.length > MOST_COLUMNS ? "down" : "right";
  const [alongSize, acrossSize] = direction === "right" ? [CARD.width, CARD.height] : [CARD.height, CARD.width];
  const places: Layout["places"] = new Map();
  for (const [level, ids] of columns.entries()) {
    for (const [index, id] of (ids ?? []).entries()) {
      const along = level * (alongSize + GAP.along);
      const across = (index - (ids.length - 1) / 2) * (acrossSize + GAP.across);
      places.set(id, direction === "right" ? { x: along, y: across } : { x: across, y: along });
    }
  }
  return { direction, places };
}

/** Each node's distance from a start, by the longest way; nodes in a circle end up somewhere. */
function levels({ nodes, edges }: Flow): Map<string, number> {
  const found = new Map<string, number>();
  const into = Map.groupBy<string, NodeEdge>(edges, ({ target }) => target);
  const levelOf = (id: string): number => {
    const known = found.get(id);
    if (known !== undefined) return known;
    found.set(id, 0);
    const sources = into.get(id)?.map(({ source }) => levelOf(source)) ?? [];
    const level = Math.max(-1, ...sources) + 1;
    found.set(id, level);
    return level;
  };
  return new Map(nodes.map(({ id }) => [id, levelOf(id)]));
}
