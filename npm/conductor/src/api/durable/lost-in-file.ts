/** What an execution that came out of a file lacks to be run: nodes without the parameters that were left out would do something else. */
import { outlineOf } from "../../engine/outline.js";
import type { KeptRun } from "./kept-run.js";

/**
 * What keeps an execution from being run, for people; `undefined` where nothing does.
 *
 * @param runs whether a node runs, by its place in the outline; all of them unless given
 */
export function lostInFile(
  { node, fromFile }: KeptRun,
  runs: (place: number) => boolean = () => true,
): string | undefined {
  if (fromFile === undefined) return undefined;
  if (fromFile.values) return "The execution was exported without its values";
  const place = fromFile.parameters?.find(runs);
  if (place === undefined) return undefined;
  const id = outlineOf(node).nodes[place]?.id ?? "";
  return `Of the parameters of \`${id}\` something was left out when the execution was exported`;
}
