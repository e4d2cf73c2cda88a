/** Flows that are saved as resources: what is refused, and what their sender is told of a flow that cannot be run as it is. */
import { isObject } from "@atomiton/values";
import type { ValidationResult } from "../services/node.js";
import type { CallResult } from "./calls.js";
import type { Given } from "./resources.js";
import type { ServedChannels } from "./served-channels.js";

/** A problem of a flow that was saved all the same: an editor saves what is not done yet. */
export interface SavedProblem {
  severity: "error" | "warning";
  /** With its place. */
  message: string;
}

/** Why a flow is not saved under the id of the address; `undefined` where it is. */
export function otherId({ params, body }: Given): string | undefined {
  const id = isObject(body) ? body.id : undefined;
  if (params.id === undefined || id == null || id === params.id) return undefined;
  return `The flow has the id ${JSON.stringify(id)}, and the address is that of ${JSON.stringify(params.id)}: give both the same id, or leave out that of the flow`;
}

/** The answer to a flow that was saved, with the `problems` that `validate` finds in it; without, where there are none. */
export async function withProblems(channels: ServedChannels, saved: CallResult, { body }: Given): Promise<CallResult> {
  if (!("result" in saved) || !isObject(saved.result) || !isObject(body)) return saved;
  const { id } = saved.result;
  const answer = await channels.call("node", "validate", { node: { ...body, type: body.type || "group", id } });
  if (!("result" in answer)) return saved;
  const { errors, warnings = [] } = answer.result as ValidationResult;
  const problems: SavedProblem[] = [
    ...errors.map((message) => ({ severity: "error" as const, message })),
    ...warnings.map((message) => ({ severity: "warning" as const, message })),
  ];
  return problems.length === 0 ? saved : { result: { ...saved.result, problems } };
}
