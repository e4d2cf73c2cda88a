import { isUtf8 } from "node:buffer";
import { readFile, stat } from "node:fs/promises";

import { throwIfAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData } from "../../data/input.js";
import { reports } from "../../library/reports.js";
import { executable, type NodeWork } from "../../library/work.js";
import { demandPrograms } from "../../machine/program-access.js";
import { checkFile } from "../../machine/readable-file.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { plainValue } from "../../table/port-value.js";
import { wasm } from "./definition.js";
import { sender } from "./http.js";
import { withMemoryLimit } from "./memory-limit.js";
import { callPlugin } from "./plugin.js";

interface Parameters {
  file: string;
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

type Work = NodeWork<Parameters>;

/** Bytes of a plugin. */
const LARGEST_FILE = 268_435_456;
/** Bytes of a page of memory. */
const PAGE = 65_536;
/** How far a plugin is cannot be told from outside: it is under way. */
const UNDER_WAY = 50;

/**
 * Calls a function of an Extism plugin with the data, in a thread of its own that is ended after it.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (data that is not in `inputFormat`), DESERIALIZATION_FAILED (no module, or an
 * output that is not in `outputFormat`), EXECUTION_FAILED (no such file or package, the plugin failed or trapped),
 * MEMORY_LIMIT_EXCEEDED, TIMEOUT or CANCELLED.
 */
export const wasmNode = executable<Parameters>(wasm, async (work) => {
  const { parameters, signal, access } = work;
  const { memoryPages: pages, maxBytes } = parameters;
  const input = inputOf(work);
  const config = texts(parameters.config, "config");
  const allowedPaths = await pathsOf(work);
  const report = work.progress && reports(work.progress);
  const output = await callPlugin({
    bytes: withMemoryLimit(await moduleOf(work), pages),
    name: parameters.function,
    input,
    config,
    allowedPaths,
    pages,
    maxBytes,
    timeLimit: work.explicitTimeout ?? parameters.timeout,
    signal,
    send: sender(parameters.allowedHosts, access, pages * PAGE),
    onLog: report && ((line) => report(UNDER_WAY, () => line)),
  });
  return { result: resultOf(output, work) };
});

/** The data in the form that the plugin wants; nothing where no data came in. */
function inputOf({ input, parameters }: Work): Uint8Array | string {
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

function resultOf(output: Uint8Array | undefined, { parameters, warn }: Work): unknown {
  if (output === undefined) {
    warn("empty-result", `The plugin gave no output in \`${parameters.function}\`, so that the result is null`);
    return null;
  }
  // Without what a plugin may have left around it.
  const bytes = new Uint8Array(output);
  if (parameters.outputFormat === "bytes") return bytes;
  if (!isUtf8(bytes)) throw unreadable("no text in UTF-8; `outputFormat: bytes` takes it as it is");
  const text = Buffer.from(bytes.buffer).toString("utf8");
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

async function moduleOf({ parameters: { file }, files, signal }: Work): Promise<Uint8Array> {
  throwIfAborted(signal);
  const path = await rootedPath(files, file);
  await checkFile(path, file, "Plugin");
  const { size } = await stat(path);
  if (size > LARGEST_FILE) {
    throw new NodeError(
      "MEMORY_LIMIT_EXCEEDED",
      `The plugin ${file} has ${size} bytes; a plugin may have ${LARGEST_FILE}`,
    );
  }
  const bytes = await readFile(path);
  throwIfAborted(signal);
  return bytes;
}

/** The folders of the plugin, which only the owner's files bound, and these not surely. */
async function pathsOf(work: Work): Promise<Record<string, string>> {
  const given = Object.entries(texts(work.parameters.allowedPaths, "allowedPaths"));
  if (given.length > 0) demandPrograms(work);
  const paths = await Promise.all(
    given.map(async ([name, path]) => [name, await rootedPath(work.files, path)] as const),
  );
  return Object.fromEntries(paths);
}

function texts(given: Record<string, unknown>, name: string): Record<string, string> {
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === "string") continue;
    throw new NodeError("INVALID_PARAMETERS", `\`${name}.${key}\` must be text, found ${foundText(value)}`);
  }
  return given as Record<string, string>;
}
