/** Flow files: read, checked, with the place of each problem. */
import { extname, resolve } from "node:path";
import type { DefinedNode, FileAccess } from "@atomiton/nodes";
import { pathProblems } from "@atomiton/nodes/executables";
import { labelWarnings } from "../api/labels.js";
import { withFile } from "../engine/flow-origin.js";
import { nodeAt } from "../engine/flows.js";
import { countUnasked } from "../engine/policy.js";
import { readText, STANDARD_INPUT } from "../exports/environment/bounded-read.js";
import { LARGEST_FLOW_TEXT } from "../exports/environment/flow-file.js";
import { type FlowProblem, FlowTextError, readFlow, validateFlow } from "../exports/node.js";
import type { NodeDefinition } from "../types/definition.js";
import { UsageError } from "./exit.js";
import { sourceLocations } from "./source-location.js";

/** What a file holds. */
export interface FlowFile {
  file: string;
  /** What is in it; missing where that is no text. */
  text?: string;
  /** Missing where the text could not be read as a flow. */
  flow?: NodeDefinition;
  /** The errors; a flow without any can be run. */
  problems: FlowProblem[];
  /** What probably is not as it was meant. */
  warnings: FlowProblem[];
  /** How many nodes have settings without effect that look as if they had one. */
  unasked: number;
}

/** How much of what is wrong with a flow keeps it from running. */
export interface Strictness {
  /** Warnings are errors. */
  strict?: boolean;
  /** Unknown keys, and nodes without a type, are only warned of. */
  lenient?: boolean;
}

/** What the project says of its flows. */
export interface ProjectFacts {
  /** Node types beside those of the library. */
  nodes?: readonly DefinedNode[];
  /** Where nodes may read and write files. */
  files?: FileAccess | undefined;
  /** What the process offers to nodes that ask for it; missing where that is not to be checked. */
  labels?: readonly string[] | undefined;
}

/** What a node without type runs as, where that is let pass. */
const LENIENT_TYPE = "transform";

/** Reads and checks a flow, parameters included. Throws `UsageError` for a file that cannot be read. */
export async function openFlow(file: string, options: Strictness & ProjectFacts = {}): Promise<FlowFile> {
  const text = await textOf(file);
  if (typeof text !== "string") return { file, problems: [text], warnings: [], unasked: 0 };
  let flow: NodeDefinition;
  try {
    const read = readFlow(text, extname(file).toLowerCase() === ".json" ? "json" : undefined);
    flow = withFile(read, file === STANDARD_INPUT ? undefined : resolve(file));
  } catch (error) {
    if (!(error instanceof FlowTextError)) throw error;
    return { file, text, problems: [...error.problems], warnings: [], unasked: 0 };
  }
  const found = await problemsOf(flow, text, options);
  const problems = found.filter(({ severity }) => severity === "error");
  const warnings = found.filter(({ severity }) => severity === "warning");
  return { file, text, flow, problems, warnings, unasked: problems.length > 0 ? 0 : countUnasked(flow) };
}

/** What is wrong with a flow, with the places in its text. A node whose missing type is let pass gets one. */
async function problemsOf(
  flow: NodeDefinition,
  text: string,
  { strict, lenient, nodes = [], files, labels }: Strictness & ProjectFacts,
): Promise<FlowProblem[]> {
  const found = validateFlow(flow, { nodes, file: lenient !== true });
  found.push(...(await pathProblems(flow, files)));
  if (labels !== undefined) found.push(...labelWarnings(flow, new Set(labels)));
  if (found.length === 0) return found;
  const locationOf = await sourceLocations(text);
  return found.map((problem) => {
    const located = { ...locationOf(problem.path), ...problem };
    if (strict) return { ...located, severity: "error" };
    if (!lenient || problem.rule !== "missing-type") return located;
    const node = nodeAt(flow, problem.path);
    if (node !== undefined) node.type = LENIENT_TYPE;
    return { ...located, severity: "warning", message: `${problem.message}. It runs as a \`${LENIENT_TYPE}\`` };
  });
}

async function textOf(file: string): Promise<string | FlowProblem> {
  const text = await readText(file, LARGEST_FLOW_TEXT).catch((error: Error) => {
    throw new UsageError(`The flow cannot be read: ${error.message}`, { cause: error });
  });
  if (typeof text === "string") return text;
  if (text.found === "bytes that are not UTF-8") {
    const message = "A flow is UTF-8 text, found other bytes; save the file as UTF-8";
    return { code: "DESERIALIZATION_FAILED", severity: "error", path: "", message };
  }
  return {
    code: "VALIDATION_FAILED",
    severity: "error",
    path: "",
    message: `The limit \`bytes\` is ${LARGEST_FLOW_TEXT}, found ${text.found}`,
  };
}
