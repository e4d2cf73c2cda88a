/** Where in an object a field probably is that the object itself lacks. */
import { closeNames } from "../contract/close-names.js";
import { isPlainObject } from "./input.js";

/** Paths that are told. */
const MOST_PATHS = 3;

/**
 * What was probably meant by a field that an object lacks: its own fields that are called almost so, else the same field one
 * level below, as in what a loop gathered (`result.amount`) and in answers of services (`attributes.name`).
 *
 * @param most letters by which such a field may differ at the most
 */
export function likelyPaths(field: string, holder: object, most?: number): string[] {
  const like = closeNames(field, Object.keys(holder), most);
  if (like.length > 0) return like;
  const below: string[] = [];
  for (const name of Object.keys(holder)) {
    // What is worked out when it is read is not for this to read.
    const inner: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
    if (isPlainObject(inner) && Object.hasOwn(inner, field)) below.push(`${name}.${field}`);
    if (below.length === MOST_PATHS) break;
  }
  return below;
}
