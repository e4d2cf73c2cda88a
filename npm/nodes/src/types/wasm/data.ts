/** What goes into a plugin, and what comes out of it. */
import { messageOf, NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData, handleValue, unwrap } from "../../data/input.js";
import type { NodeWork } from "../../library/work.js";
import { plainValue } from "../../table/port-value.js";

export interface Parameters {
  file?: string;
  function: string;
  inputFormat: "json" | "text" | "bytes";
  outputFormat: "json" | "text" | "bytes";
  config: Record<string, unknown>;
  allowedHosts: string[];
  allowedPaths: Record<string, unknown>;
  memoryPages: number;
  maxBytes: number;
  timeout: number;
}

export type Work = NodeWork<Parameters>;

/** Bytes of a plugin. */
export const LARGEST_FILE = 268_435_456;

/** The data in the form that the plugin wants; nothing where no data came in. */
export function inputOf({ input, parameters }: Work): Uint8Array | string {
  const data = plainValue(findData(input, ["data"]));
  const mismatch = (wanted: string) =>
    new NodeError(
      "TYPE_MISMATCH",
      `\`inputFormat: ${parameters.inputFormat}\` takes ${wanted}, found ${foundText(data)}`,
    );
  if (data === undefined) return "";
  switch (parameters.inputFormat) {
    case "text":
      if (typeof data === "string") return data;
      throw mismatch("text");
    case "bytes":
      if (typeof data === "string" || data instanceof Uint8Array) return data;
      throw mismatch("bytes or text");
    default: {
      let text: string | undefined;
      try {
        text = JSON.stringify(data);
      } catch (error) {
        throw new NodeError("TYPE_MISMATCH", `The data is nothing that JSON can say: ${messageOf(error)}`, {
          cause: error,
        });
      }
      if (text === undefined) throw mismatch("a value of JSON");
      return text;
    }
  }
}

export function resultOf(output: Uint8Array | undefined, { parameters, warn }: Work): unknown {
  if (output === undefined) {
    warn("empty-result", `The plugin gave no output in \`${parameters.function}\`, so that the result is null`);
    return null;
  }
  // Without what a plugin may have left around it.
  const bytes = new Uint8Array(output);
  if (parameters.outputFormat === "bytes") return bytes;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unreadable("no text in UTF-8; `outputFormat: bytes` takes it as it is");
  }
  if (parameters.outputFormat === "text") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw unreadable(`no JSON: ${messageOf(error)}; \`outputFormat: text\` takes it as it is`);
  }
}

function unreadable(why: string): NodeError {
  return new NodeError("DESERIALIZATION_FAILED", `The output of the plugin is ${why}`);
}

/**
 * The plugin as bytes that came over an edge; `undefined` where it is a file.
 *
 * @throws NodeError INVALID_PARAMETERS where it is neither
 */
export function givenModule({ input, parameters: { file } }: Work): Uint8Array | undefined {
  const given = unwrap(handleValue(input, "module"));
  if (given instanceof Uint8Array) return given;
  if (given !== undefined && given !== null) {
    throw new NodeError("TYPE_MISMATCH", `\`module\` must be the bytes of a plugin, found ${foundText(given)}`);
  }
  if (file === undefined) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "There is no plugin: give the node a `file`, or bytes over an edge to `module`",
    );
  }
  return undefined;
}

/** The error of a plugin that is too large. */
export function tooLarge(file: string, size: number | string): NodeError {
  return new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `The plugin ${file} has ${size} bytes; a plugin may have ${LARGEST_FILE}`,
  );
}

/** @throws NodeError INVALID_PARAMETERS for what is no text */
export function texts(given: Record<string, unknown>, name: string): Record<string, string> {
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === "string") continue;
    throw new NodeError("INVALID_PARAMETERS", `\`${name}.${key}\` must be text, found ${foundText(value)}`);
  }
  return given as Record<string, string>;
}
