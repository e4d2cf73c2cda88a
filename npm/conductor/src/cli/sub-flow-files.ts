/** Files of flows that a flow runs as nodes: each is checked as the flow itself. */
import { relative, resolve } from "node:path";
import { messageOf } from "@atomiton/values";
import { isPath } from "../api/sub-flows.js";
import { variableProblems } from "../api/variables.js";
import { fileOf } from "../engine/flow-origin.js";
import { flowPath, unreadableFlow } from "../exports/environment/flow-file.js";
import type { FlowProblem, NodeDefinition } from "../exports/node.js";
import { UsageError } from "./exit.js";
import { type FlowFile, openFlow, type ProjectFacts, type Strictness } from "./flow-file.js";
import { sourceLocations } from "./source-location.js";

/** A node that runs the flow in a file. */
interface Naming {
  node: NodeDefinition;
  /** Where it is, as JSON pointer. */
  at: string;
  /** As the node names it. */
  path: string;
}

/** A flow whose file was read, and how. */
interface Opened {
  entry: FlowFile;
  options: Strictness & ProjectFacts;
}

/** All of these, each followed by the flows in files that it runs, at every depth, where those are not among them. */
export async function withSubFlows(given: readonly Opened[]): Promise<FlowFile[]> {
  const all: FlowFile[] = [];
  const known = new Map(given.map((opened) => [resolve(opened.entry.file), opened]));
  const walked = new Set<Opened>();

  const walk = async (opened: Opened, above: readonly string[]): Promise<void> => {
    if (walked.has(opened)) return;
    walked.add(opened);
    const { flow } = opened.entry;
    if (flow === undefined) return;
    const own = fileOf(flow);
    const trail = own === undefined ? above : [...above, own];
    for (const naming of namingsIn(flow)) {
      const target = flowPath(naming.path, own);
      const round = trail.indexOf(target);
      if (round >= 0) {
        const way = [...trail.slice(round), target].map((file) => `\`${shown(file)}\``).join(" → ");
        await tell(
          opened,
          naming,
          CYCLE,
          `The flows run each other: ${way}. A condition has to keep one from running the next`,
        );
        continue;
      }
      const inner = known.get(target) ?? (await open(target, opened, naming));
      if (inner === undefined) continue;
      for (const message of variableDoubts(naming, inner.entry)) await tell(opened, naming, WRONG_VALUES, message);
      await walk(inner, trail);
    }
  };

  /** Reads a flow that another one names; `undefined` where it cannot be read, which is a problem of the other one. */
  const open = async (target: string, around: Opened, naming: Naming): Promise<Opened | undefined> => {
    try {
      const { options } = around;
      const opened = { entry: await openFlow(shown(target), options), options };
      known.set(target, opened);
      all.push(opened.entry);
      return opened;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const namedIn = around.entry.flow && fileOf(around.entry.flow);
      await tell(around, naming, MISSING, unreadableFlow(naming.path, namedIn, messageOf(error.cause)));
      return undefined;
    }
  };

  for (const opened of given) {
    all.push(opened.entry);
    await walk(opened, []);
  }
  return all;
}

/** A flow with the warnings of circles alone: what else a run warns of in it comes from its nodes. */
export function cyclesOf(entry: FlowFile): FlowFile {
  return { ...entry, warnings: entry.warnings.filter(({ rule }) => rule === CYCLE.rule) };
}

/** Adds a problem to those of a flow. */
async function tell({ entry, options }: Opened, { node, at }: Naming, { key, ...of }: Kind, message: string) {
  const path = `${at}/parameters/${key}`;
  const location = entry.text === undefined ? undefined : (await sourceLocations(entry.text))(path);
  const severity = options.strict ? "error" : of.severity;
  (severity === "error" ? entry.problems : entry.warnings).push({
    ...location,
    ...of,
    severity,
    path,
    message,
    nodeId: node.id,
  });
}

type Kind = Pick<FlowProblem, "code" | "rule" | "severity"> & { key: string };

const CYCLE = {
  code: "CIRCULAR_DEPENDENCY",
  rule: "sub-flow-cycle",
  severity: "warning",
  key: "flow",
} as const satisfies Kind;
const MISSING = {
  code: "NODE_NOT_FOUND",
  rule: "no-such-flow",
  severity: "error",
  key: "flow",
} as const satisfies Kind;
const WRONG_VALUES = {
  code: "INVALID_PARAMETERS",
  rule: "sub-flow-variables",
  severity: "error",
  key: "variables",
} as const satisfies Kind;

/** The nodes that run flows in files, where the name is written out. What else the flow has may be of any kind: see its problems. */
function namingsIn(node: NodeDefinition, at = ""): Naming[] {
  const { type, parameters, nodes }: Partial<NodeDefinition> = node ?? {};
  if (parameters?.enabled === false) return [];
  const path: unknown = type === "sub-flow" ? parameters?.flow : undefined;
  const own = typeof path === "string" && isPath(path) && !path.includes("${{") ? [{ node, at, path }] : [];
  const children = Array.isArray(nodes) ? nodes : [];
  return [...own, ...children.flatMap((child, index) => namingsIn(child, `${at}/nodes/${index}`))];
}

/** What is wrong with the values that a node hands to the variables of a flow, as far as they are written out. */
function variableDoubts({ node, path }: Naming, { flow }: FlowFile): string[] {
  if (flow === undefined) return [];
  const given: unknown = node.parameters?.variables ?? {};
  if (typeof given !== "object" || given === null) return [];
  const values = given as Record<string, unknown>;
  const isOpen = (name: string) => JSON.stringify(values[name] ?? null).includes("${{");
  return variableProblems(path, flow, values)
    .filter(({ rule, variable }) => rule === "undeclared-variable" || !isOpen(variable))
    .map(({ message }) => message);
}

function shown(file: string): string {
  return relative(process.cwd(), file);
}
