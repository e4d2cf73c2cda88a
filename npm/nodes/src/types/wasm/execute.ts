import { readFile, stat } from "node:fs/promises";

import { throwIfAborted } from "../../contract/abort.js";
import { reports } from "../../library/reports.js";
import { executable } from "../../library/work.js";
import { demandPrograms } from "../../machine/program-access.js";
import { checkFile } from "../../machine/readable-file.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { givenModule, inputOf, LARGEST_FILE, type Parameters, resultOf, texts, tooLarge, type Work } from "./data.js";
import { wasm } from "./definition.js";
import { sender } from "./http.js";
import { withMemoryLimit } from "./memory-limit.js";
import { callPlugin } from "./plugin.js";

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

async function moduleOf(work: Work): Promise<Uint8Array> {
  const { files, signal } = work;
  throwIfAborted(signal);
  const given = givenModule(work);
  if (given !== undefined) return given;
  const file = work.parameters.file as string;
  const path = await rootedPath(files, file);
  await checkFile(path, file, "Plugin");
  const { size } = await stat(path);
  if (size > LARGEST_FILE) throw tooLarge(file, size);
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
