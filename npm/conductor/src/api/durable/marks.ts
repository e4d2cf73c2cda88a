/** The marks of a routed value, as text beside it. */
import { carriedApart, endsRun, leftOverIn, markedAgain, routedHandles } from "../../engine/executables.js";
import { fromJson, type Json } from "../../executions/tagged-json.js";

/** Which handles carry a routed value. */
export interface Marks {
  handles: string[];
  ends?: boolean;
  leftOver?: number;
  carried?: Json;
}

/**
 * The marks of a value as JSON text behind a comma; empty for a value without.
 *
 * @param textOf gives the JSON text of what the handles carry, which is a map
 */
export function marksText(value: unknown, textOf: (carried: ReadonlyMap<string, unknown>) => string): string {
  const handles = routedHandles(value);
  if (handles === undefined) return "";
  const carried = carriedApart(value);
  const apart = carried === undefined ? "" : `,"carried":${textOf(new Map(carried))}`;
  const leftOver = leftOverIn(value);
  const rest = `${endsRun(value) ? ',"ends":true' : ""}${leftOver > 0 ? `,"leftOver":${leftOver}` : ""}${apart}`;
  return `,{"handles":${JSON.stringify(handles)}${rest}}`;
}

/**
 * A value with its marks again.
 *
 * @param read gives what the handles carry, which is a map
 */
export function marked(
  value: unknown,
  marks: Partial<Marks> | undefined,
  read: (carried: Json) => unknown = fromJson,
): unknown {
  if (marks?.handles === undefined) return value;
  const { handles, ends = false, leftOver = 0, carried } = marks;
  return markedAgain(value, {
    handles,
    ends,
    leftOver,
    ...(carried !== undefined && { carried: read(carried) as ReadonlyMap<string, unknown> }),
  });
}
