/** The marks of a routed value, as text beside it. */
import { carriedApart, endsRun, markedAgain, routedHandles } from "../../engine/executables.js";
import { fromJson, type Json } from "../../executions/tagged-json.js";

/** Which handles carry a routed value. */
export interface Marks {
  handles: string[];
  ends?: boolean;
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
  return `,{"handles":${JSON.stringify(handles)}${endsRun(value) ? ',"ends":true' : ""}${apart}}`;
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
  const { handles, ends = false, carried } = marks;
  return markedAgain(value, {
    handles,
    ends,
    ...(carried !== undefined && { carried: read(carried) as ReadonlyMap<string, unknown> }),
  });
}
