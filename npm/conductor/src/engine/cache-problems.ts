/** What is doubtful about the caches that nodes ask for: effects that will not happen, and a world that may have changed. */
import type { Effects, EffectsOf } from "@atomiton/nodes";
import { isRecord } from "@atomiton/values";

import type { NodeDefinition } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { constants } from "./constants.js";
import { effectsBy } from "./effects.js";
import { errorsFirst } from "./parameter-problems.js";
import { cachePolicyOf } from "./policy.js";

/** What a type says of the effects of its nodes; `undefined` where the type is not known. */
export type EffectsOfType = (type: string) => Effects | EffectsOf | undefined;

/** The problems of a flow, errors first, with those of its caches; no more than are listed. */
export function withCacheProblems(
  problems: FlowProblem[],
  flow: NodeDefinition,
  effectsOf: EffectsOfType,
): FlowProblem[] {
  const limit = constants().limits.problems;
  if (problems.length > limit || problems.some(({ rule }) => rule === "limit")) return problems;
  const found: FlowProblem[] = [];
  const visit = (node: NodeDefinition, path: string) => {
    if (problems.length + found.length >= limit || !isRecord(node)) return;
    if (Array.isArray(node.nodes) && node.nodes.length > 0) {
      for (const [index, child] of node.nodes.entries()) visit(child, `${path}/nodes/${index}`);
      return;
    }
    const policy = cachePolicyOf(node.policy?.cache);
    if (policy === undefined || policy.key !== undefined || typeof node.type !== "string") return;
    const said = effectsOf(node.type);
    const problem = said && PROBLEMS[effectsBy(said, node.parameters)];
    if (problem === undefined || (problem.rule === "cache-without-ttl" && policy.ttl !== undefined)) return;
    found.push({
      code: "VALIDATION_FAILED",
      severity: "warning",
      ...problem,
      path: `${path}/policy/cache`,
      nodeId: node.id,
    });
  };
  visit(flow, "");
  return errorsFirst(problems, found);
}

const PROBLEMS: Partial<Record<Effects, Pick<FlowProblem, "rule" | "message">>> = {
  writes: {
    rule: "cached-effects",
    message:
      "The node may change the world, which does not happen where its output is taken from the cache. Give `cache` a `key` " +
      "of what must not happen twice, or take it away",
  },
  reads: {
    rule: "cache-without-ttl",
    message:
      "The node looks at the world, which may change, so that its output is not reused: give `cache` a `ttl`, such as `1h`, or a `key`",
  },
};
