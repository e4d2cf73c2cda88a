/** Why a run did not succeed, for a person and for a program. */

import { type NodeDefinition, runsInRounds } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import pc from "./colour.js";
import { oneLine, SIGNS } from "./text.js";

/** An error as `--json` gives it. */
export interface ReportedError {
  code: string;
  message: string;
  nodeId?: string;
  /** JSON pointer into the flow. */
  path?: string;
  recovery?: ExecutionError["recovery"];
  context?: Record<string, unknown>;
}

/** The parts of an error that mean something outside the process. */
export function reportedError(error: ExecutionError, flow: NodeDefinition, state: ExecutionGraphState): ReportedError {
  const { code, message, nodeId, recovery, context } = error;
  const path = nodeId === undefined ? undefined : pathOf(nodeId, flow, [...state.nodes.values()]);
  return {
    code,
    message,
    ...(nodeId !== undefined && { nodeId }),
    ...(path !== undefined && { path }),
    ...(context !== undefined && { context }),
    ...(recovery !== undefined && { recovery }),
  };
}

/** Code, message, place and what to do. */
export function errorText({ code, message, nodeId, path, recovery, context }: ReportedError): string {
  const lines = [`${pc.red(`${SIGNS.error} ${code}`)}  ${oneLine(message)}`];
  if (nodeId !== undefined) {
    lines.push(pc.dim(`  node ${oneLine(nodeId)}${path === undefined || path === "" ? "" : ` at ${oneLine(path)}`}`));
  }
  for (const round of roundsIn(context)) lines.push(pc.dim(`  ${round}`));
  const suggestions = recovery?.suggestions ?? [];
  if (suggestions.length > 0) lines.push(`  What to do: ${suggestions.map(oneLine).join("\n              ")}`);
  return lines.join("\n");
}

/** In which rounds of which loops it happened, in words. */
function roundsIn(context: Record<string, unknown> | undefined): string[] {
  const rounds: unknown = context?.rounds;
  if (!Array.isArray(rounds)) return [];
  return (rounds as { nodeId?: unknown; index?: unknown; item?: unknown }[]).map(
    ({ nodeId, index, item }) =>
      `in round ${Number(index) + 1} of ${oneLine(String(nodeId))}, item ${oneLine(String(item))}`,
  );
}

/**
 * Where a node lies. Ids may be used again in another group, so the one that failed counts; the run as a whole is at
 * the empty pointer.
 */
function pathOf(nodeId: string, flow: NodeDefinition, shown: ExecutionGraphNode[]): string | undefined {
  return search(nodeId, flow, "", shown) ?? (nodeId === flow.id ? "" : undefined);
}

function search(
  nodeId: string,
  group: NodeDefinition,
  above: string,
  shown: readonly ExecutionGraphNode[],
  isInLoop = false,
): string | undefined {
  for (const [index, node] of (group.nodes ?? []).entries()) {
    const path = `${above}/nodes/${index}`;
    const seen = shown.find(({ id }) => id === node.id);
    // Of a loop nothing is known of the nodes in its rounds.
    const inLoop = isInLoop || (seen?.state === "error" && runsInRounds(node.type));
    if (!isInLoop && seen?.state !== "error") continue;
    const inner = search(nodeId, node, path, seen?.nodes ?? [], inLoop);
    if (inner !== undefined) return inner;
    if (node.id === nodeId) return path;
  }
  return undefined;
}
