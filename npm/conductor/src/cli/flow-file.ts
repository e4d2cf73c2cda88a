/** Flow files: read, checked, with the place of each problem. */
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { nodeTypes } from "@atomiton/nodes/definitions";
import { type FlowProblem, FlowTextError, readFlow, validateFlow } from "../exports/node.js";
import type { NodeDefinition } from "../types/definition.js";
import { UsageError } from "./exit.js";
import { placesIn } from "./place.js";

/** What a file holds. */
export interface FlowFile {
  file: string;
  /** Missing where the text could not be read as a flow. */
  flow?: NodeDefinition;
  /** Everything that is wrong with it; a flow without problems can be run. */
  problems: FlowProblem[];
}

/** Reads and checks a flow, parameters included. Throws `UsageError` for a file that cannot be read. */
export async function openFlow(file: string): Promise<FlowFile> {
  const text = textOf(file);
  let flow: NodeDefinition;
  try {
    flow = readFlow(text, extname(file).toLowerCase() === ".json" ? "json" : undefined);
  } catch (error) {
    if (!(error instanceof FlowTextError)) throw error;
    return { file, problems: [...error.problems] };
  }
  const problems = validateFlow(flow, { schemas: parameterSchemas(), closed: true });
  return { file, flow, problems: problems.length === 0 ? [] : await placed(problems, text) };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`The flow cannot be read: ${(error as Error).message}`);
  }
}

function parameterSchemas(): Record<string, unknown> {
  return Object.fromEntries([...nodeTypes].map(([type, { parameterSchema }]) => [type, parameterSchema]));
}

async function placed(problems: FlowProblem[], text: string): Promise<FlowProblem[]> {
  const placeOf = await placesIn(text);
  return problems.map((problem) => ({ ...placeOf(problem.path), ...problem }));
}
