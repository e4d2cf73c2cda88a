/** `conductor run --dry-run`: what would be run, and what it would touch. */
import { resolve } from "node:path";
import { Graph } from "../engine/graph.js";
import { outlineOf, Section } from "../engine/outline.js";
import { Plan } from "../engine/plan.js";
import type { NodeDefinition } from "../types/definition.js";
import pc from "./colour.js";
import { counted, oneLine } from "./text.js";

/** What one node would do. */
export interface PlannedNode {
  /** Ids from the outermost group to it, joined with `/`. */
  path: string;
  type: string;
  /** Ids of the nodes whose outputs it takes. */
  after: string[];
  disabled?: true;
  /** When it runs, for what a `try` does not begin with. */
  runs?: "after a failure" | "at the end";
  /** Where the group or loop begins; its nodes follow. */
  isGroup: boolean;
  depth: number;
  reads: string[];
  writes: string[];
  calls: string[];
}

/** By section of a `try`. */
const RUNS = {
  [Section.body]: undefined,
  [Section.catch]: "after a failure",
  [Section.finally]: "at the end",
} as const;

/** The nodes of a flow in the order in which they would run one at a time, with what they would touch. */
export function plannedNodes(flow: NodeDefinition): PlannedNode[] {
  const plan = new Plan(outlineOf(flow));
  const graph = new Graph(plan);
  const planned: PlannedNode[] = [];
  const visit = (scope: number, above: string, depth: number) => {
    const children = new Map(plan.children(scope).map((child) => [plan.id(child), child]));
    for (const level of graph.shape(scope).executionOrder) {
      for (const id of level) {
        const index = children.get(id);
        if (index === undefined) continue;
        const node = plan.node(index);
        const path = `${above}${id}`;
        const isGroup = !plan.isLeaf(index);
        const { dependencies } = graph.node(index);
        const disabled = node.parameters?.enabled === false ? ({ disabled: true } as const) : {};
        const runs = RUNS[plan.section(index)];
        planned.push({
          path,
          type: node.type,
          after: [...new Set(dependencies)],
          isGroup,
          depth,
          ...disabled,
          ...(runs !== undefined && { runs }),
          ...touched(node),
        });
        if (isGroup) visit(index, `${path}/`, depth + 1);
      }
    }
  };
  visit(0, "", 0);
  return planned;
}

/** The plan as a person reads it. */
export function dryRunText(
  flow: NodeDefinition,
  given: { input: ReadonlyMap<string, unknown>; variables: ReadonlyMap<string, unknown> },
): string {
  const planned = plannedNodes(flow);
  const leaves = planned.filter(({ isGroup }) => !isGroup);
  const lines = [
    pc.bold(`${oneLine(flow.name ?? flow.id)}: ${counted(leaves.length, "node")}, nothing is run`),
    ...namesLine("inputs", given.input),
    ...namesLine("variables", given.variables),
    "",
    ...planned.map((node, index) => `${String(index + 1).padStart(4)}  ${nodeText(node)}`),
  ];
  const all = (of: "reads" | "writes" | "calls") => [
    ...new Set(planned.filter(({ disabled }) => !disabled).flatMap((node) => node[of])),
  ];
  for (const [title, found] of [
    ["Files that would be read", all("reads")],
    ["Files that would be written or removed", all("writes")],
    ["Hosts that would be called", [...new Set(all("calls").map(hostOf))]],
  ] as const) {
    lines.push("", found.length === 0 ? pc.dim(`${title}: none that the flow names`) : title);
    lines.push(...found.map((name) => `  ${oneLine(name)}`));
  }
  return `${lines.join("\n")}\n`;
}

function namesLine(title: string, values: ReadonlyMap<string, unknown>): string[] {
  // Values may be secret.
  return values.size === 0 ? [] : [`${pc.dim(title)}  ${[...values.keys()].map(oneLine).join(", ")}`];
}

function nodeText({ path, type, after, disabled, runs, depth, reads, writes, calls }: PlannedNode): string {
  const facts = [
    ...(disabled ? ["disabled"] : []),
    ...(runs === undefined ? [] : [runs]),
    ...(after.length > 0 ? [`after ${after.map(oneLine).join(", ")}`] : []),
    ...reads.map((file) => `reads ${oneLine(file)}`),
    ...writes.map((file) => `writes ${oneLine(file)}`),
    ...calls.map((url) => `calls ${oneLine(url)}`),
  ];
  return `${"  ".repeat(depth)}${oneLine(path)} ${pc.dim(`(${oneLine(type)})`)}${facts.length > 0 ? `  ${facts.join("; ")}` : ""}`;
}

const UNKNOWN = "a path that is known only when it runs";

/** What a node of the library names in its parameters. Paths from the folder in which the command runs. */
function touched({ type, parameters = {} }: NodeDefinition): Pick<PlannedNode, "reads" | "writes" | "calls"> {
  const nothing = { reads: [], writes: [], calls: [] };
  const file = (value: unknown) =>
    typeof value === "string" && value !== "" && !value.includes("{{")
      ? resolve(value)
      : typeof value === "string"
        ? oneLine(value)
        : UNKNOWN;
  switch (type) {
    case "spreadsheet":
      return { ...nothing, reads: [file(parameters.path ?? parameters.filePath)] };
    case "http-request":
      return {
        ...nothing,
        writes: parameters.saveTo === undefined ? [] : [file(parameters.saveTo)],
        calls: [`${String(parameters.method ?? "GET")} ${withoutSecrets(parameters.url)}`],
      };
    case "file-system": {
      const path = file(parameters.path);
      switch (parameters.operation) {
        case "write":
        case "create":
        case "delete":
          return { ...nothing, writes: [path] };
        case "copy":
          return { ...nothing, reads: [path], writes: [file(parameters.targetPath)] };
        case "move":
          return { ...nothing, writes: [path, file(parameters.targetPath)] };
        default:
          return { ...nothing, reads: [path] };
      }
    }
    default:
      return nothing;
  }
}

/** A URL without name, password and query. */
function withoutSecrets(url: unknown): string {
  if (typeof url !== "string") return "a URL that is known only when it runs";
  if (!URL.canParse(url)) return url.split("?", 1)[0] as string;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function hostOf(call: string): string {
  const url = call.slice(call.indexOf(" ") + 1);
  return URL.canParse(url) ? new URL(url).host : url;
}
