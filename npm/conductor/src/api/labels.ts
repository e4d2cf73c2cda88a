/** Labels: what nodes ask of the process that runs them (`policy: { runsOn }`). Loaded for flows that may ask for some. */
import { ADVICE, coded, LACKING } from "../engine/failure.js";
import { fileOf } from "../engine/flow-origin.js";
import type { FlowProblem } from "../engine/flows.js";
import { outlineOf } from "../engine/outline.js";
import { isLabel } from "../engine/policy.js";
import type { NodeDefinition } from "../types/definition.js";
import { isPath } from "./sub-flows.js";

/** A node that asks for a label. */
export interface LabelDemand {
  label: string;
  /** The node, or the one of the flow that is run which runs the flow with the node. */
  nodeId: string;
  /** Where that says so, as JSON pointer. */
  path: string;
  /** How the node is named in a message. */
  text: string;
}

/** What gives the flow that a node runs; `undefined` where no flow has the name, or it cannot be read. */
export type FindFlow = (name: string, around: NodeDefinition) => Promise<NodeDefinition | undefined>;

/** Flows that are looked through for one execution; what further ones ask for shows when they are run. */
const MOST_FLOWS = 100;

/** What the nodes of a flow ask for. What is disabled does not run, and asks for nothing. */
export function labelsAskedIn(flow: NodeDefinition): LabelDemand[] {
  return [...nodesIn(flow)].flatMap(({ node: { id, policy }, path }) => {
    const label = policy?.runsOn;
    return isLabel(label) ? [{ label, nodeId: id, path: `${path}/policy/runsOn`, text: `The node \`${id}\`` }] : [];
  });
}

/** The same with what the flows ask for that its nodes run, at every depth, as far as their names are written out. */
export async function labelsAskedBy(flow: NodeDefinition, find: FindFlow): Promise<LabelDemand[]> {
  const seen = new Set<string>();
  const within = async (around: NodeDefinition): Promise<LabelDemand[]> => {
    const asked = labelsAskedIn(around);
    for (const { node, path } of nodesIn(around)) {
      const name: unknown = node.type === "sub-flow" ? node.parameters?.["flow"] : undefined;
      if (typeof name !== "string" || name === "" || name.includes("${{")) continue;
      const key = isPath(name) ? `${fileOf(around) ?? ""}\n${name}` : name;
      if (seen.has(key) || seen.size >= MOST_FLOWS) continue;
      seen.add(key);
      const inner = await find(name, around).catch(() => undefined);
      // That no flow has the name is told by the node.
      if (inner === undefined) continue;
      const place = { nodeId: node.id, path: `${path}/parameters/flow` };
      for (const { label, text } of await within(inner)) {
        asked.push({ label, ...place, text: `${text} of \`${name}\`, which the node \`${node.id}\` runs,` });
      }
    }
    return asked;
  };
  return outlineOf(flow).mayAskForLabels === true ? within(flow) : [];
}

/**
 * Demands that a process with these labels may run what asks.
 *
 * @throws Error IMPLEMENTATION_NOT_FOUND naming the node, with what to do as its advice
 */
export function demandLabels(asked: readonly LabelDemand[], offered: ReadonlySet<string>): void {
  const lacking = asked.find(({ label }) => !offered.has(label));
  if (lacking === undefined) return;
  const { label, text } = lacking;
  const error = coded("IMPLEMENTATION_NOT_FOUND", `${text} ${asksFor(label, offered)}`, undefined);
  throw Object.assign(error, { [ADVICE]: [`${whatToDo(label)}.`], [LACKING]: lacking });
}

/** Why a process with these labels leaves an execution to others, that asks for some; `undefined` where it goes on with it. */
export function labelsLacking(id: string, asked: readonly string[], offered: ReadonlySet<string>): string | undefined {
  const label = asked.find((one) => !offered.has(one));
  if (label === undefined) return undefined;
  return `The execution ${id} ${asksFor(label, offered)}: it is left to one that offers it. ${whatToDo(label)}`;
}

/** Warnings of what a process with these labels would refuse. */
export function labelWarnings(flow: NodeDefinition, offered: ReadonlySet<string>): FlowProblem[] {
  const lacking = labelsAskedIn(flow).filter(({ label }) => !offered.has(label));
  return lacking.map(({ label, nodeId, path, text }) => ({
    code: "IMPLEMENTATION_NOT_FOUND",
    severity: "warning",
    rule: "missing-label",
    path,
    message: `${text} ${asksFor(label, offered)}, and a run is refused here`,
    nodeId,
  }));
}

function asksFor(label: string, offered: ReadonlySet<string>): string {
  const here = [...offered].map((one) => `\`${one}\``).join(", ");
  const offers =
    offered.size === 0 ? "no labels" : offered.size === 1 ? `the label ${here} alone` : `the labels ${here}`;
  return `asks for a process with the label \`${label}\` (\`runsOn\`), and this one offers ${offers}`;
}

function whatToDo(label: string): string {
  return (
    `Run it where the label is offered, or offer it here: \`--label ${label}\` on the command line, ` +
    `\`createConductor({ labels: [${JSON.stringify(label)}] })\` in code`
  );
}

interface Found {
  node: NodeDefinition;
  /** As JSON pointer. */
  path: string;
}

function* nodesIn(node: NodeDefinition, path = ""): Generator<Found> {
  if (node?.parameters?.["enabled"] === false) return;
  yield { node, path };
  const { nodes } = node ?? {};
  if (!Array.isArray(nodes)) return;
  for (const [index, child] of nodes.entries()) yield* nodesIn(child, `${path}/nodes/${index}`);
}
