import type { CopyOptions, Stats } from "node:fs";
import { cp, lstat, mkdir, readdir, readFile, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { throwIfAborted } from "../../contract/abort.js";
import { adviceOf, codeOf, messageOf, NodeError } from "../../contract/error.js";
import { findData, handleValue, isPlainObject, ownValue, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { executable, type NodeWork } from "../../library/work.js";
import { MISSING_PATH_ADVICE, missingPathText } from "../../machine/missing-path.js";
import { tableBehind } from "../../table/table-output.js";
import { writeContent } from "./content.js";
import { fileSystem } from "./definition.js";

interface Parameters {
  operation: keyof typeof operations;
  path: string;
  targetPath?: string;
  pathOfFile: boolean;
  content?: unknown;
  recursive: boolean;
}

type Operation = (work: NodeWork<Parameters>, path: string) => Promise<object>;

/** The operations, each with the words its failures begin with. */
const operations = {
  read: told("Read operation failed", read),
  write: told("Write operation failed", write),
  list: told("List directory failed", list),
  exists: told("Exists operation failed", exists),
  create: told("Create directory failed", create),
  delete: told("Delete operation failed", remove),
  copy,
  move,
};

/**
 * Works on files and folders; relative paths start from the process's folder. Writing replaces a file whole or not at
 * all, see {@link writeContent}.
 *
 * Fails with EXECUTION_FAILED, or TYPE_MISMATCH when there is nothing to write.
 */
export const fileSystemNode = executable<Parameters>(
  fileSystem,
  async (work) => {
    throwIfAborted(work.signal);
    const { operation, path } = work.parameters;
    const answer = await operations[operation](work, path);
    return { result: undefined, success: true, path, ...answer };
  },
  { fromPorts: ["path", "targetPath"] },
);

async function read({ signal }: NodeWork<Parameters>, path: string): Promise<object> {
  const facts = await factsOf(path);
  if (!facts) throw await missing("File", path);
  if (!facts.isFile()) throw new Error(`Path is not a file: ${path}`);
  const content = await readFile(path, { encoding: "utf8", ...(signal ? { signal } : {}) });
  return { result: content, content, size: facts.size, modified: facts.mtime.toISOString() };
}

async function write(work: NodeWork<Parameters>, parameterPath: string): Promise<object> {
  const { parameters, input, signal } = work;
  const file = parameters.content === undefined ? describedFile(input) : undefined;
  // Where it goes is the author's to say, unless the author leaves it to whoever sends the file.
  const path = (parameters.pathOfFile ? file?.path : undefined) ?? parameterPath;
  const content = file ? file.content : contentOf(work);
  const size = await writeContent(path, content, signal);
  return { result: path, path, size };
}

function contentOf({ parameters, input }: NodeWork<Parameters>): unknown {
  if (parameters.content !== undefined) return unwrap(parameters.content);
  return findData(input, ["content", "data", "text", "records"]);
}

/**
 * The file that an edge to `file` describes: its content, and where it goes. Without a path, or with an empty one, the
 * parameter says where. Anything else under that handle is no file, but what every other handle is.
 */
function describedFile(input: unknown): { path: string | undefined; content: unknown } | undefined {
  const file = unwrap(handleValue(input, "file"));
  if (!isPlainObject(file) || tableBehind(file) || !Object.hasOwn(file, "content")) return undefined;
  const path = ownValue(file, "path") ?? "";
  if (typeof path !== "string") throw new NodeError("TYPE_MISMATCH", `A path must be text, not ${kindOf(path)}`);
  return { path: path === "" ? undefined : path, content: unwrap(file["content"]) };
}

async function list({ parameters, signal }: NodeWork<Parameters>, path: string): Promise<object> {
  const facts = await factsOf(path);
  if (!facts) throw await missing("Directory", path);
  if (!facts.isDirectory()) throw new Error(`Path is not a directory: ${path}`);
  const files: string[] = [];
  await addVisible(files, path, parameters.recursive, signal);
  return { result: files, files, count: files.length };
}

async function addVisible(
  found: string[],
  folder: string,
  recursive: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal);
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    found.push(path);
    if (recursive && entry.isDirectory()) await addVisible(found, path, true, signal);
  }
}

async function exists(_work: NodeWork<Parameters>, path: string): Promise<object> {
  const found = (await factsOf(path)) !== undefined;
  return { result: found, exists: found };
}

async function create(_work: NodeWork<Parameters>, path: string): Promise<object> {
  const first = await mkdir(path, { recursive: true });
  return { result: path, created: first !== undefined };
}

async function remove({ parameters }: NodeWork<Parameters>, path: string): Promise<object> {
  // A link is itself what is deleted, wherever it leads.
  const facts = await factsOf(path, lstat);
  if (!facts) return { result: path, deleted: false };
  if (facts.isDirectory() && !parameters.recursive) await rmdir(path);
  else {
    if (facts.isDirectory()) await refuseFolderInUse(path);
    await rm(path, { recursive: parameters.recursive });
  }
  return { result: path, deleted: true };
}

/** Deleting the root, or a folder that this process works in, is never what was meant. */
async function refuseFolderInUse(path: string): Promise<void> {
  const inside = relative(await realpath(path), await realpath(process.cwd()));
  if (!/^\.\.(?:[/\\]|$)|^[A-Za-z]:/.test(inside)) throw new Error(`The working folder is inside: ${path}`);
}

async function copy(work: NodeWork<Parameters>, path: string): Promise<object> {
  const target = targetOf(work);
  const facts = await factsOf(path);
  const words = facts?.isDirectory() ? "Copy directory failed" : "Copy operation failed";
  return told(words, async () => {
    if (!facts) throw await missing("Source", path);
    checkCopyable(facts, path);
    await copyAll(path, target, work.signal, {});
    return { result: target, path: target, sourcePath: path, destPath: target };
  })(work, path);
}

async function move(work: NodeWork<Parameters>, path: string): Promise<object> {
  const target = targetOf(work);
  return told("Move operation failed", async () => {
    if (!(await factsOf(path, lstat))) throw await missing("Source", path);
    await mkdir(dirname(target), { recursive: true });
    await rename(path, target).catch(async (error: NodeJS.ErrnoException) => {
      // Another disk: there a move is a copy, then a removal.
      if (error.code !== "EXDEV") throw error;
      await copyAll(path, target, work.signal, { verbatimSymlinks: true });
      await rm(path, { recursive: true });
    });
    return { result: target, path: target, sourcePath: path, destPath: target };
  })(work, path);
}

/** Copies a file, a folder with all that is in it, or a link. What is no such thing, at either end, ends it. */
async function copyAll(
  path: string,
  target: string,
  signal: AbortSignal | undefined,
  options: CopyOptions,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const filter = async (from: string, to: string) => {
    throwIfAborted(signal);
    checkCopyable(await lstat(from), from);
    const there = await factsOf(to, lstat);
    if (there) checkCopyable(there, to);
    return true;
  };
  await cp(path, target, { recursive: true, force: true, filter, ...options });
}

/** A device is read as an empty file and replaced by a file, a pipe is waited for. */
function checkCopyable(facts: Stats, path: string): void {
  if (facts.isFile() || facts.isDirectory() || facts.isSymbolicLink()) return;
  const kind = facts.isFIFO() ? "a pipe" : facts.isSocket() ? "a socket" : "a device";
  throw new Error(`Path is ${kind}, not a file or a folder: ${path}`);
}

function targetOf({ input, parameters }: NodeWork<Parameters>): string {
  const target = unwrap(handleValue(input, "targetPath")) ?? parameters.targetPath;
  if (typeof target === "string" && target !== "") return target;
  throw new NodeError("INVALID_PARAMETERS", `Target path is required for ${parameters.operation} operation`);
}

async function missing(what: string, path: string): Promise<NodeError> {
  const words = `${what} does not exist: ${path} (${await missingPathText(path)})`;
  return new NodeError("EXECUTION_FAILED", words, { advice: MISSING_PATH_ADVICE });
}

/** The operation, with words put in front of what it fails with. */
function told(words: string, operation: Operation): Operation {
  return async (work, path) => {
    try {
      return await operation(work, path);
    } catch (error) {
      throwIfAborted(work.signal);
      throw new NodeError(codeOf(error), `${words}: ${messageOf(error)}`, { cause: error, advice: adviceOf(error) });
    }
  };
}

async function factsOf(path: string, look: (path: string) => Promise<Stats> = stat): Promise<Stats | undefined> {
  return look(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}
