/** Flows in files, for nodes that run them. */
import { extname } from "node:path";
import { coded } from "../../engine/failure.js";
import { FlowTextError, readFlow } from "../../engine/flows.js";
import type { NodeDefinition } from "../../types/definition.js";
import { readText } from "./bounded-read.js";

/** Bytes of a text that the engine reads at most. */
export const LARGEST_FLOW_TEXT = 32 * 1024 * 1024;

/**
 * The flow in a file. Rejects with NODE_NOT_FOUND where it cannot be read, and with VALIDATION_FAILED or DESERIALIZATION_FAILED
 * naming what is wrong with it.
 */
export async function readFlowFile(path: string): Promise<NodeDefinition> {
  const text = await readText(path, LARGEST_FLOW_TEXT).catch((error: Error) => {
    throw coded("NODE_NOT_FOUND", `The flow \`${path}\` cannot be read: ${error.message}`, error);
  });
  if (typeof text !== "string") {
    throw coded("DESERIALIZATION_FAILED", `The flow \`${path}\` cannot be read: found ${text.found}`, undefined);
  }
  try {
    return readFlow(text, extname(path).toLowerCase() === ".json" ? "json" : undefined);
  } catch (error) {
    if (!(error instanceof FlowTextError)) throw error;
    throw coded(error.problems[0]?.code ?? "DESERIALIZATION_FAILED", `The flow \`${path}\`: ${error.message}`, error);
  }
}
