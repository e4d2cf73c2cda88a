/** The triggers in a flow: which of its nodes they are, and whether they can be armed. */
import { nodeTypes } from "@atomiton/nodes/definitions";
import { checkedParameters } from "@atomiton/nodes/executables";
import { messageOf } from "@atomiton/values";
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import type { SavedFlow } from "../types/flow.js";
import type { ArmedTrigger } from "./types.js";

/** A trigger of a flow. */
export interface FoundTrigger {
  node: NodeDefinition;
  /** Whether it is to fire: neither it nor its flow is switched off. */
  isOn: boolean;
  /** Why it cannot. */
  problem?: string;
}

/** Whether a flow's triggers fire: unless `metadata.enabled` is `false`. */
export function isEnabled(flow: Pick<SavedFlow, "metadata">): boolean {
  return (flow.metadata as { enabled?: unknown } | undefined)?.enabled !== false;
}

/**
 * The triggers of a flow.
 *
 * @param others types of triggers that the library does not have
 */
export function triggersIn(flow: SavedFlow, others: ReadonlySet<string>): FoundTrigger[] {
  const isTrigger = ({ type }: NodeDefinition) => others.has(type) || nodeTypes.get(type)?.isTrigger === true;
  const isOn = isEnabled(flow);
  const found: FoundTrigger[] = [];
  // A flow is saved as it is sent, also with what is no node: running it says so, and its triggers are the ones that there are.
  const targets = new Set(objectsIn<NodeEdge>(flow.edges).map(({ target }) => target));
  const look = (nodes: unknown, isTop: boolean) => {
    for (const node of objectsIn<NodeDefinition>(nodes)) {
      if (isTrigger(node)) {
        const problem = isTop
          ? targets.has(node.id)
            ? "An edge leads to it, and a trigger stands at the start of its flow"
            : undefined
          : "It stands inside another node, and a trigger stands at the start of its flow";
        found.push({ node, isOn: isOn && node.parameters?.enabled !== false, ...(problem && { problem }) });
      }
      look(node.nodes, false);
    }
  };
  look(flow.nodes, true);
  return found;
}

function objectsIn<T extends object>(list: unknown): T[] {
  return Array.isArray(list) ? list.filter((each) => typeof each === "object" && each !== null) : [];
}

/**
 * A trigger to be armed, with checked parameters.
 *
 * @param mayHold parameters in which expressions may stand, such as that of a secret
 * @throws Error saying what is wrong with the parameters
 */
export async function armed(flow: SavedFlow, node: NodeDefinition, mayHold: readonly string[]): Promise<ArmedTrigger> {
  const { id: nodeId, type, parameters = {} } = node;
  for (const [name, value] of Object.entries(parameters)) {
    if (mayHold.includes(name) || !(JSON.stringify(value) ?? "").includes("\u0024{{")) continue;
    throw new Error(
      `\`${name}\` has an expression, which cannot be worked out before an execution begins; write the value`,
    );
  }
  const isKnown = nodeTypes.has(type);
  const checked = isKnown ? await checkedParameters(type, parameters) : parameters;
  return { flowId: flow.id, flowName: flow.name || flow.id, nodeId, type, parameters: checked };
}

/** What is wrong, as text of one line. */
export function problemOf(error: unknown): string {
  return messageOf(error).replace(/\s+/g, " ").trim();
}
