/** Which data a node works on where an edge and a parameter both have some. */
import { findData, handleValue, isPlainObject, unwrap } from "../data/input.js";
import { isBacked } from "../table/table-output.js";
import type { NodeWork } from "./work.js";

/**
 * The data under the first of `names` that an edge leads to, else that of the parameter, else what an edge brings that names no
 * handle. Beside the parameter such an edge says which node goes first; data that it brings is warned of.
 *
 * @param dataIn finds the data in what a node gave
 */
export function chosenData<P>(
  work: Pick<NodeWork<P>, "input" | "parameters" | "warn" | "inputIsRead" | "isMade">,
  parameter: keyof P & string,
  names: readonly string[],
  dataIn = unwrap,
): unknown {
  const { input, parameters } = work;
  const brought = findData(input, names, dataIn);
  if (brought === undefined) return parameters[parameter];
  const given = parameters[parameter];
  // An expression that gives an empty list means that.
  const isGiven = !isEmpty(given) || (Array.isArray(given) && work.isMade(parameter));
  if (!isGiven || isNamed(input, names)) return brought;
  warnOfLeftOut(work, parameter, brought);
  return given;
}

/**
 * Warns of data that an edge brings while the parameter counts, unless expressions of the node read it. Text and objects are no
 * matter: every edge brings some, also one that only orders the nodes.
 */
export function warnOfLeftOut(
  { warn, inputIsRead }: Pick<NodeWork<unknown>, "warn" | "inputIsRead">,
  parameter: string,
  brought: unknown,
  handle = parameter,
): void {
  const found = dataText(brought);
  if (found === undefined || inputIsRead) return;
  warn(
    `${parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-ignored`,
    `An edge brings ${found}, which is left out, because the parameter \`${parameter}\` counts; name the handle (\`targetHandle: ${handle}\`), or take the parameter out`,
  );
}

/** Warns of data that an edge without a handle brings to a node that takes none there. */
export function warnOfUnread(
  { warn, inputIsRead }: Pick<NodeWork<unknown>, "warn" | "inputIsRead">,
  brought: unknown,
  handle: string,
): void {
  const found = dataText(brought);
  if (found === undefined || inputIsRead) return;
  warn(
    "data-ignored",
    `An edge brings ${found}, which the node does not read; lead it to the handle \`${handle}\` (\`targetHandle: ${handle}\`) if it is to`,
  );
}

/** Editors write empty values into nodes. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function isNamed(input: unknown, names: readonly string[]): boolean {
  return (
    isPlainObject(input) &&
    !isBacked(input) &&
    [...names, "input"].some((name) => unwrap(handleValue(input, name)) !== undefined)
  );
}

function dataText(value: unknown): string | undefined {
  if (isBacked(value)) return "rows";
  if (Array.isArray(value)) return value.length === 0 ? undefined : `a list of ${value.length}`;
  return value instanceof Uint8Array && value.length > 0 ? `${value.length} bytes` : undefined;
}
