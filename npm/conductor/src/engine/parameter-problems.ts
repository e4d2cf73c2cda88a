/** What the types of nodes find in parameters that a schema cannot say, beside the other problems of a flow. */
import type { NodeDefinition } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { constants } from "./constants.js";
import type { FlowNodeTypes } from "./flows.js";

/** The problems of a flow, errors first, with those that `check` finds; no more than are listed. */
export function withParameterProblems(
  problems: FlowProblem[],
  flow: NodeDefinition,
  types: CheckingTypes,
): FlowProblem[] {
  const limit = constants().limits.problems;
  // There are so many that they were not all listed, or the flow is too large to be looked through.
  if (problems.length > limit || problems.some(({ rule }) => rule === "limit")) return problems;
  const found = problemsOf(flow, types, limit - problems.length);
  return errorsFirst(problems, found);
}

/** Both lists as one, whose errors stand before its warnings. */
export function errorsFirst(problems: FlowProblem[], others: FlowProblem[]): FlowProblem[] {
  if (others.length === 0) return problems;
  const all = [...problems, ...others];
  const isError = ({ severity }: FlowProblem) => severity === "error";
  return [...all.filter(isError), ...all.filter((problem) => !isError(problem))];
}

/** Types whose parameters can be checked. */
type CheckingTypes = Pick<FlowNodeTypes, "isTrigger"> & Required<Pick<FlowNodeTypes, "check">>;

function problemsOf(flow: NodeDefinition, { check, isTrigger }: CheckingTypes, most: number): FlowProblem[] {
  const found: FlowProblem[] = [];
  const targets = new Set(Array.isArray(flow?.edges) ? flow.edges.map((edge) => edge?.target) : []);
  const visit = (node: NodeDefinition, path: string, depth: number) => {
    if (found.length >= most || typeof node !== "object" || node === null) return;
    const { id, type } = node;
    const parameters = node.parameters ?? {};
    if (typeof type === "string" && typeof parameters === "object") {
      for (const problem of check(type, parameters).slice(0, most - found.length)) {
        found.push({ ...problem, path: `${path}/parameters${problem.path}`, nodeId: id });
      }
    }
    if (depth > 0 && typeof type === "string" && isTrigger?.(type) && (depth > 1 || targets.has(id))) {
      const where = depth > 1 ? "It stands inside another node" : "An edge leads to it";
      const message = `${where}, and a ${type} begins executions: it stands at the start of its flow, with no edge to it`;
      found.push({ code: "INVALID_NODE", severity: "error", rule: "trigger-place", path, nodeId: id, message });
    }
    if (!Array.isArray(node.nodes)) return;
    for (const [index, child] of node.nodes.entries()) visit(child, `${path}/nodes/${index}`, depth + 1);
  };
  visit(flow, "", 0);
  return found;
}
