/** Flow files: read, checked, with the place of each problem. */
import { extname } from "node:path";
import type { DefinedNode } from "@atomiton/nodes";
import { nodeTypes } from "@atomiton/nodes/definitions";
import { countUnasked, flowWarnings } from "../engine/policy.js";
import { type FlowProblem, FlowTextError, readFlow, validateFlow } from "../exports/node.js";
import type { NodeDefinition } from "../types/definition.js";
import { readText } from "./bounded-read.js";
import { UsageError } from "./exit.js";
import { placesIn } from "./place.js";

/** What a file holds. */
export interface FlowFile {
  file: string;
  /** Missing where the text could not be read as a flow. */
  flow?: NodeDefinition;
  /** Everything that is wrong with it; a flow without problems can be run. */
  problems: FlowProblem[];
  /** What it asks for in vain. */
  warnings: FlowProblem[];
  /** How many nodes have settings without effect that look as if they had one. */
  unasked: number;
}

/** Bytes of a text that the engine reads at most. */
const LARGEST_TEXT = 32 * 1024 * 1024;

/** Reads and checks a flow, parameters included. Throws `UsageError` for a file that cannot be read. */
export async function openFlow(file: string, nodes: readonly DefinedNode[] = []): Promise<FlowFile> {
  const text = await textOf(file);
  if (typeof text !== "string") return { file, problems: [text], warnings: [], unasked: 0 };
  let flow: NodeDefinition;
  try {
    flow = readFlow(text, extname(file).toLowerCase() === ".json" ? "json" : undefined);
  } catch (error) {
    if (!(error instanceof FlowTextError)) throw error;
    return { file, problems: [...error.problems], warnings: [], unasked: 0 };
  }
  const problems = validateFlow(flow, { schemas: parameterSchemas(), nodes, closed: true });
  if (problems.length > 0) return { file, flow, problems: await placed(problems, text), warnings: [], unasked: 0 };
  const warnings = flowWarnings(flow);
  return {
    file,
    flow,
    problems,
    warnings: warnings.length === 0 ? [] : await placed(warnings, text),
    unasked: countUnasked(flow),
  };
}

async function textOf(file: string): Promise<string | FlowProblem> {
  const text = await readText(file, LARGEST_TEXT).catch((error: Error) => {
    throw new UsageError(`The flow cannot be read: ${error.message}`);
  });
  if (typeof text === "string") return text;
  if (text.found === "bytes that are not UTF-8") {
    const message = "A flow is UTF-8 text, found other bytes; save the file as UTF-8";
    return { code: "DESERIALIZATION_FAILED", path: "", message };
  }
  return {
    code: "VALIDATION_FAILED",
    path: "",
    message: `The limit \`bytes\` is ${LARGEST_TEXT}, found ${text.found}`,
  };
}

function parameterSchemas(): Record<string, unknown> {
  return Object.fromEntries([...nodeTypes].map(([type, { parameterSchema }]) => [type, parameterSchema]));
}

async function placed(problems: FlowProblem[], text: string): Promise<FlowProblem[]> {
  const placeOf = await placesIn(text);
  return problems.map((problem) => ({ ...placeOf(problem.path), ...problem }));
}
