/** Flows in files, for nodes that run them. */
import { dirname, extname, isAbsolute, resolve } from "node:path";
import { coded } from "../../engine/failure.js";
import { withFile } from "../../engine/flow-origin.js";
import { FlowTextError, readFlow } from "../../engine/flows.js";
import type { NodeDefinition } from "../../types/definition.js";
import { readText } from "./bounded-read.js";

/** Bytes of a text that the engine reads at most. */
export const LARGEST_FLOW_TEXT = 32 * 1024 * 1024;

/** The file of a flow that another one names: from the folder of that one's file, or without one from the working directory. */
export function flowPath(path: string, namedIn: string | undefined): string {
  return resolve(namedIn === undefined ? "." : dirname(namedIn), path);
}

/** Says that the file of a flow that another one names cannot be read, and where it was looked for. */
export function unreadableFlow(path: string, namedIn: string | undefined, why: string): string {
  const from = namedIn === undefined ? "the working directory" : `the folder of \`${namedIn}\``;
  const where = isAbsolute(path) ? "" : `. Looked for at \`${flowPath(path, namedIn)}\`, from ${from}`;
  return `The flow \`${path}\` cannot be read: ${why}${where}`;
}

/**
 * The flow in a file. Rejects with NODE_NOT_FOUND where it cannot be read, and with VALIDATION_FAILED or DESERIALIZATION_FAILED
 * naming what is wrong with it.
 *
 * @param namedIn the file of the flow that names it
 * @param allowed gives the path to read; rejects for one that may not be read
 */
export async function readFlowFile(
  path: string,
  namedIn: string | undefined,
  allowed: (file: string) => Promise<string>,
): Promise<NodeDefinition> {
  const file = flowPath(path, namedIn);
  const text = await readText(await allowed(file), LARGEST_FLOW_TEXT).catch((error: Error) => {
    throw coded("NODE_NOT_FOUND", unreadableFlow(path, namedIn, error.message), error);
  });
  if (typeof text !== "string") {
    throw coded("DESERIALIZATION_FAILED", `The flow \`${path}\` cannot be read: found ${text.found}`, undefined);
  }
  try {
    return withFile(readFlow(text, extname(path).toLowerCase() === ".json" ? "json" : undefined), file);
  } catch (error) {
    if (!(error instanceof FlowTextError)) throw error;
    throw coded(error.problems[0]?.code ?? "DESERIALIZATION_FAILED", `The flow \`${path}\`: ${error.message}`, error);
  }
}
