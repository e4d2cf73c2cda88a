/** What user code answers, for a node with the parameter `outputs` and without. */
import { closeNames, meantText, namesText } from "../contract/close-names.js";
import { NodeError } from "../contract/error.js";
import { routedApart } from "../contract/routed.js";
import { isPlainObject } from "../data/input.js";
import { kindOf } from "../data/kind.js";
import type { NodeWork } from "./work.js";

type Warn = NodeWork<unknown>["warn"];

/**
 * The handles that the parameter `outputs` names, each once; `undefined` without it.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function handlesOf(outputs: readonly string[] | undefined): string[] | undefined {
  if (outputs === undefined) return undefined;
  if (outputs.length === 0)
    throw new NodeError("INVALID_PARAMETERS", "`outputs` is empty; name a handle, or leave it out");
  if (!outputs.includes("error")) return [...new Set(outputs)];
  const why = "the handle `error` carries the failure of a node; choose another name";
  throw new NodeError("INVALID_PARAMETERS", `\`outputs[${outputs.indexOf("error")}]\`: ${why}`);
}

/**
 * The output for an answer: the whole of it as `result`, or with handles each field apart. `beside` is in it as well.
 *
 * @throws NodeError TYPE_MISMATCH where there are handles, and the answer is no object
 */
export function answered(
  answer: unknown,
  handles: readonly string[] | undefined,
  warn: Warn,
  beside: object = {},
): object {
  return handles === undefined ? { ...whole(answer, warn), ...beside } : apart(answer, handles, warn, beside);
}

function whole(answer: unknown, warn: Warn): object {
  if (answer === undefined) {
    warn(
      "empty-result",
      "The code returned nothing, so that its result is null; a body of several statements needs `return`",
    );
  }
  return { result: answer ?? null };
}

function apart(answer: unknown, handles: readonly string[], warn: Warn, beside: object): object {
  const listed = namesText(handles);
  if (!isPlainObject(answer)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `With \`outputs\` the code must return an object with ${listed}, not ${kindOf(answer)}`,
    );
  }
  const fired = handles.filter((handle) => Object.hasOwn(answer, handle) && answer[handle] !== undefined);
  for (const field of Object.keys(answer)) {
    if (handles.includes(field)) continue;
    const close = closeNames(field, handles);
    const hint = meantText(close, `; there are ${listed.replace(" or ", " and ")}`);
    warn(
      "unknown-output",
      `The code returned \`${field}\`, which is not among \`outputs\`, so that no edge brings it${hint}`,
    );
  }
  if (fired.length === 0) warn("no-output", `The code returned none of ${listed}, so that no handle fires`);
  const carried = new Map(fired.map((handle) => [handle, answer[handle]]));
  return routedApart({ handles: fired, value: answer, ...beside }, carried);
}
