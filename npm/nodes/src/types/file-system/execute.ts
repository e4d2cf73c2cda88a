import { type CopyOptions, constants, type Stats } from "node:fs";
import { cp, lstat, mkdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { dirname, relative } from "node:path";

import { renameToNew } from "@atomiton/storage/files";
import { throwIfAborted } from "../../contract/abort.js";
import { adviceOf, codeOf, messageOf, NodeError } from "../../contract/error.js";
import type { FileAccess } from "../../contract/file-access.js";
import { findData, handleValue, isPlainObject, ownValue, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { warnOfNestedRows, writableRows } from "../../data/loop-rows.js";
import { warnOfLeftOut } from "../../library/chosen-data.js";
import { refuseUnread } from "../../library/unread.js";
import { executable, type NodeWork } from "../../library/work.js";
import { factsOf } from "../../machine/facts.js";
import { isRootFolder, rootedPath } from "../../machine/rooted-path.js";
import { StreamedItems } from "../../machine/streamed-items.js";
import { refuseTaken, writeOver, writtenAs } from "../../machine/writing-over.js";
import { demandTable, isBacked, streamBehind } from "../../table/table-output.js";
import { appendContent } from "./append.js";
import { formByName, writeContent } from "./content.js";
import { fileSystem } from "./definition.js";
import { kindOfFile, missing } from "./facts.js";
import { listFolder } from "./list.js";
import type { FileParameters } from "./parameters.js";
import { readContent } from "./read.js";

type Work = NodeWork<FileParameters>;

type Operation = (work: Work, path: string) => Promise<object>;

/** The operations, each with the words its failures begin with. */
const operations = {
  read: told("Read operation failed", readContent),
  write: told("Write operation failed", write),
  append: told("Append operation failed", append),
  list: told("List directory failed", listFolder),
  exists: told("Exists operation failed", exists),
  stat: told("Stat operation failed", facts),
  create: told("Create directory failed", create),
  delete: told("Delete operation failed", remove),
  copy,
  move,
};

/**
 * Works on files and folders; relative paths start from the process's folder. Writing replaces a file whole or not at
 * all, see {@link writeContent}.
 *
 * Fails with EXECUTION_FAILED; INVALID_PARAMETERS (a setting that the operation has no use for, a wrong pattern);
 * TYPE_MISMATCH (nothing to write, or not of the format); DESERIALIZATION_FAILED, VALIDATION_FAILED (what is read is not of
 * the format, or beyond its limits); SERIALIZATION_FAILED; MEMORY_LIMIT_EXCEEDED; or CANCELLED.
 */
export const fileSystemNode = executable<FileParameters>(
  fileSystem,
  async (work) => {
    throwIfAborted(work.signal);
    const { operation, path } = work.parameters;
    refuseUnused(work);
    const answer = await operations[operation](work, path);
    return { result: undefined, success: true, path, ...answer };
  },
  { fromPorts: ["path", "targetPath"], takesStreams: true },
);

/** Settings that are refused where the operation has no use for them. */
const REFUSED = ["format", "encoding", "patterns", "include", "hidden", "details", "overwrite"];

function refuseUnused(work: Work): void {
  refuseUnread(fileSystem, work, REFUSED);
  const { format, encoding } = work.parameters;
  if (encoding !== undefined && (format === "bytes" || format === "base64")) {
    throw new NodeError("INVALID_PARAMETERS", `\`encoding\` is for text, and says nothing to \`format: ${format}\``);
  }
}

async function write(work: Work, parameterPath: string): Promise<object> {
  const { parameters, input } = work;
  const file = parameters.content === undefined ? describedFile(input) : undefined;
  // Where it goes is the author's to say, unless the author takes the path from incoming data.
  const path = (parameters.pathOfFile ? file?.path : undefined) ?? parameterPath;
  const { format, encoding } = parameters;
  const form = { ...formByName(path), format, encoding };
  const isTable = format === undefined && form.delimiter !== undefined;
  const content = file ? file.content : contentOf(work, isTable ? writableRows : unwrap);
  if (isTable) warnOfTable(work, path, content);
  if (format === "json" && typeof content === "string" && /^\s*[[{]/.test(content)) {
    work.warn(
      "text-as-json",
      "The content is text that looks like JSON itself, and was written as one JSON string; without `format` it is written as it is",
    );
  }
  const place = await rootedPath(work.files, path);
  const { overwrite } = parameters;
  const size = await writeOver(work, { place, path, overwrite }, (isNew) =>
    writeContent(place, content, work, { ...form, isNew }),
  );
  return { result: path, path, size };
}

/** Of content that the columns of a file such as `a.csv` have no place for. */
function warnOfTable({ warn }: Work, path: string, content: unknown): void {
  const isText = content === undefined || typeof content === "string" || content instanceof Uint8Array;
  const stream = streamBehind(content);
  const list = stream instanceof StreamedItems ? stream : undefined;
  if (isText || (isBacked(content) && list === undefined)) return;
  if (list?.facts.areRecords || (Array.isArray(content) && content.every(isPlainObject))) {
    return warnOfNestedRows(list ?? content, warn);
  }
  warn(
    "not-a-table",
    `\`${path}\` is written as JSON, for the content is ${kindOf(list ? [] : content)} and no list of records; give it rows, or a path that ends in \`.json\``,
  );
}

async function append(work: Work, path: string): Promise<object> {
  const { encoding } = work.parameters;
  const file = work.parameters.content === undefined ? describedFile(work.input) : undefined;
  const place = await rootedPath(work.files, path);
  const isTable = formByName(path).delimiter !== undefined;
  const content = await demandTable(file ? file.content : contentOf(work, isTable ? writableRows : unwrap), work);
  const warn = (rule: string, message: string) => work.warn(rule, message);
  if (isTable) warnOfNestedRows(content, warn);
  const size = await appendContent(place, content, { name: path, encoding, warn });
  return { result: path, size };
}

function contentOf(work: Work, dataIn = unwrap): unknown {
  const { content } = work.parameters;
  const brought = findData(work.input, ["content", "data", "text", "records"], dataIn);
  if (content === undefined) return brought;
  warnOfLeftOut(work, "content", brought);
  return dataIn(content);
}

/**
 * The file that an edge to `file` describes: its content, and where it goes. Without a path, or with an empty one, the
 * parameter says where. Anything else under that handle is no file, but what every other handle is.
 */
function describedFile(input: unknown): { path: string | undefined; content: unknown } | undefined {
  const file = unwrap(handleValue(input, "file"));
  if (!isPlainObject(file) || isBacked(file) || !Object.hasOwn(file, "content")) return undefined;
  const path = ownValue(file, "path") ?? "";
  if (typeof path !== "string") throw new NodeError("TYPE_MISMATCH", `A path must be text, not ${kindOf(path)}`);
  return { path: path === "" ? undefined : path, content: unwrap(file["content"]) };
}

async function exists({ files }: Work, path: string): Promise<object> {
  const found = (await factsOf(await rootedPath(files, path))) !== undefined;
  return { result: found, exists: found };
}

async function facts({ files }: Work, path: string): Promise<object> {
  const found = await factsOf(await rootedPath(files, path));
  if (!found) throw await missing("Path", path);
  const described = { path, kind: kindOfFile(found), size: found.size, modified: found.mtime.toISOString() };
  return { result: described, ...described };
}

async function create({ files }: Work, path: string): Promise<object> {
  const first = await mkdir(await rootedPath(files, path), { recursive: true });
  return { result: path, created: first !== undefined };
}

async function remove({ parameters, files }: Work, path: string): Promise<object> {
  // A link is itself what is deleted, wherever it leads.
  const place = await rootedPath(files, path, "link");
  const facts = await factsOf(place, lstat);
  if (!facts) return { result: path, deleted: false };
  await refuseRoot(files, place, path);
  if (facts.isDirectory() && !parameters.recursive) await rmdir(place);
  else {
    if (facts.isDirectory()) await refuseFolderInUse(place);
    await rm(place, { recursive: parameters.recursive });
  }
  return { result: path, deleted: true };
}

/** Deleting the root, or a folder that this process works in, is never what was meant. */
async function refuseFolderInUse(path: string): Promise<void> {
  const inside = relative(await realpath(path), await realpath(process.cwd()));
  if (!/^\.\.(?:[/\\]|$)|^[A-Za-z]:/.test(inside)) throw new Error(`The working folder is inside: ${path}`);
}

async function refuseRoot(files: FileAccess | undefined, place: string, path: string): Promise<void> {
  if (await isRootFolder(files, place)) {
    throw new NodeError("INVALID_PARAMETERS", `The folder ${path} is one of those that nodes may use, and stays`);
  }
}

async function copy(work: Work, path: string): Promise<object> {
  const target = targetOf(work);
  const from = await rootedPath(work.files, path, "link");
  // What is behind a link must be a flow's to read as well.
  const facts = await factsOf(await rootedPath(work.files, path));
  const words = facts?.isDirectory() ? "Copy directory failed" : "Copy operation failed";
  return told(words, async () => {
    if (!facts) throw await missing("Source", path);
    checkCopyable(facts, path);
    const to = await rootedPath(work.files, target, "link");
    await refuseTaken(work.parameters.overwrite, to, target);
    const copied = await writtenAs(work.parameters.overwrite, target, (isNew) =>
      copyAll(from, to, work.signal, isNew ? TO_NEW : {}),
    );
    warnOfReplaced(work, copied);
    return { result: target, path: target, sourcePath: path, destPath: target };
  })(work, path);
}

async function move(work: Work, path: string): Promise<object> {
  const target = targetOf(work);
  return told("Move operation failed", async () => {
    const from = await rootedPath(work.files, path, "link");
    const to = await rootedPath(work.files, target, "link");
    const facts = await factsOf(from, lstat);
    if (!facts) throw await missing("Source", path);
    await refuseRoot(work.files, from, path);
    await refuseRoot(work.files, to, target);
    await refuseTaken(work.parameters.overwrite, to, target);
    await mkdir(dirname(to), { recursive: true });
    const there = await factsOf(to, lstat);
    const isReplaced = there !== undefined && !there.isDirectory() && there.ino !== facts.ino;
    await writtenAs(work.parameters.overwrite, target, (isNew) =>
      // Only of files is it known that nothing came at the same moment.
      (isNew && facts.isFile() ? renameToNew : rename)(from, to).catch(async (error: NodeJS.ErrnoException) => {
        // Another disk: there a move is a copy, then a removal.
        if (error.code !== "EXDEV") throw error;
        await copyAll(from, to, work.signal, { verbatimSymlinks: true, ...(isNew && TO_NEW) });
        await rm(from, { recursive: true });
      }),
    );
    if (isReplaced) warnOfReplaced(work, [to]);
    return { result: target, path: target, sourcePath: path, destPath: target };
  })(work, path);
}

/** A copy that replaces nothing, also not what another node puts there at the same moment. */
const TO_NEW: CopyOptions = { force: false, errorOnExist: true, mode: constants.COPYFILE_EXCL };

function warnOfReplaced({ parameters, warn }: Work, replaced: readonly string[]): void {
  const [first, ...others] = replaced;
  if (first === undefined || parameters.overwrite === true) return;
  const more = others.length > 0 ? ` and ${others.length} other files` : "";
  warn(
    "file-replaced",
    `\`${first}\`${more} was there already, and was replaced; set \`overwrite: true\` where that is meant, or \`overwrite: false\` to fail instead`,
  );
}

/**
 * Copies a file, a folder with all that is in it, or a link, and gives the paths of files that were there before. What is no such
 * thing, at either end, ends it.
 */
async function copyAll(
  path: string,
  target: string,
  signal: AbortSignal | undefined,
  options: CopyOptions,
): Promise<string[]> {
  const replaced: string[] = [];
  await mkdir(dirname(target), { recursive: true });
  const filter = async (from: string, to: string) => {
    throwIfAborted(signal);
    checkCopyable(await lstat(from), from);
    const there = await factsOf(to, lstat);
    if (there) checkCopyable(there, to);
    if (there && !there.isDirectory()) replaced.push(to);
    return true;
  };
  await cp(path, target, { recursive: true, force: true, filter, ...options });
  return replaced;
}

/** A device is read as an empty file and replaced by a file, a pipe is waited for. */
function checkCopyable(facts: Stats, path: string): void {
  if (facts.isFile() || facts.isDirectory() || facts.isSymbolicLink()) return;
  throw new Error(`Path is a ${kindOfFile(facts)}, not a file or a folder: ${path}`);
}

function targetOf({ input, parameters }: Work): string {
  const target = unwrap(handleValue(input, "targetPath")) ?? parameters.targetPath;
  if (typeof target === "string" && target !== "") return target;
  throw new NodeError("INVALID_PARAMETERS", `Target path is required for ${parameters.operation} operation`);
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
