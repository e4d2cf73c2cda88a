import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { enveloped, isEnvelope } from "../data/envelope.js";
import { stamped } from "../data/flow.js";
import { isPlainObject, LIMITS, type Plain, type PlainObject } from "../data/plain.js";
import { checkFormat, checkKey, checkPrefix, writable, writableMetadata } from "../data/refusal.js";
import type { Format } from "../document/read.js";
import { documentText } from "../document/write.js";
import type { FileFormat, FileSystemEngine } from "../engine.js";
import { StorageError, type StorageErrorContext } from "../error.js";
import { makeFolder, syncFolder } from "./atomic-write.js";
import { fileFailure, isMissing } from "./failure.js";
import { contentOfFile, filesOf, type KeyFile, mayHaveEnvelope, newFile } from "./key-files.js";
import { removeLeftovers } from "./leftovers.js";
import { rewrite } from "./rewrite.js";
import { scan } from "./scan.js";
import { inTurn, inTurnOfFile } from "./turns.js";
import {
  assertInside,
  assertRemovable,
  documentFailure,
  isFileInside,
  isGone,
  isUnreadable,
  readValueFile,
  refusal,
  type ValueFile,
} from "./value-file.js";

/** Where a file system engine keeps its files. */
export interface FileSystemEngineOptions {
  /** The base folder, made at the first save. Default `~/Atomiton`. */
  baseDir?: string;
  /** What the files hold. Default `yaml`. */
  format?: FileFormat;
}

/**
 * Keeps each value in a file of its own, `<baseDir>/<key>.composite.yaml` unless it says otherwise. Flows that people wrote
 * by hand as `<key>.flow.yaml`, `.flow.yml` or `.flow.json` are read and updated in place. Of several files of one key the
 * first of `.composite.yaml`, `.composite.json`, `.flow.yaml`, `.flow.yml`, `.flow.json` counts; `delete` removes all.
 * With `format: "compatible"`, saves only make and update files that the TypeScript version finds and reads.
 *
 * Files are replaced as a whole or not at all, and are on the disk when the promise settles. Nothing is read or written outside
 * of the base folder, whatever the key and wherever links lead.
 */
export function createFileSystemEngine({
  baseDir = join(homedir(), "Atomiton"),
  format: fileFormat,
}: FileSystemEngineOptions = {}): FileSystemEngine {
  checkFormat(fileFormat);
  if (typeof baseDir !== "string" || baseDir === "") {
    throw new StorageError("The base folder of a storage must be a path", "UNSUPPORTED_OPERATION");
  }
  const base = resolve(baseDir);
  const isCompatible = fileFormat === "compatible";
  const tidied = new Set<string>();

  /** Makes the folder of a file, which then is inside of the base, links followed. */
  const prepare = async (key: string, { path: file }: KeyFile): Promise<void> => {
    const context = { key, operation: "save", file };
    const folder = dirname(file);
    const message = `Failed to create directory for: ${key}`;
    try {
      await assertInside(base, file, `Failed to save data: ${key}`, context);
      await makeFolder(folder);
    } catch (error) {
      throw fileFailure(message, error, context);
    }
    if (!tidied.has(folder)) await removeLeftovers(folder);
    tidied.add(folder);
  };

  const replace = async (save: Save): Promise<void> => {
    const { key, value, metadata, format, overwrite, now } = save;
    const files = await filesOf(base, key, "save");
    const found = format
      ? files.find(({ ending }) => ending === `.composite.${format}`)
      : files.find((file) => !isCompatible || !mayHaveEnvelope(file));
    const target = found ?? newFile(base, key, `.composite.${format ?? "yaml"}`, "save", isCompatible);
    const message = `Failed to save data: ${key}`;
    const context = { key, operation: "save", file: target.path };
    const text = async (existing: ValueFile | undefined): Promise<string> => {
      const before = existing && contentOfFile(target, existing.value);
      const document = inDocument(stamped(value, before, metadata, now), target, existing, now);
      const format = isCompatible || target.ending.endsWith("json") ? "json" : "yaml";
      const written = textOf(document, format, overwrite ? undefined : existing, message, context);
      await prepare(key, target);
      return written;
    };
    const read = () => readExisting(base, key, target, overwrite);
    await inTurnOfFile(target.path, () => rewrite({ path: target.path, read, text, overwrite, message, context }));
  };

  /** Removes a file, and says whether it was still there. */
  const remove = async (key: string, file: string): Promise<boolean> => {
    const message = `Failed to delete data: ${key}`;
    const context = { key, operation: "delete", file };
    try {
      await assertRemovable(base, file, message, context);
      await rm(file);
      await syncFolder(dirname(file));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw fileFailure(message, error, context);
    }
  };

  return {
    async save(key, data, options) {
      checkKey(key);
      const { format, overwrite = false } = options ?? {};
      if (format !== undefined && format !== "yaml" && format !== "json") {
        throw new StorageError(`Unknown format: ${String(format)}; there are yaml and json`, "UNSUPPORTED_OPERATION", {
          context: { key, operation: "save" },
        });
      }
      const value = writable(data, key);
      const metadata = writableMetadata(options?.metadata, key);
      const now = new Date().toISOString();
      return inTurn(turn(base, key), () => replace({ key, value, metadata, format, overwrite, now }));
    },
    async load<T>(key: string) {
      const [file] = typeof key === "string" ? await filesOf(base, key, "load") : [];
      if (file === undefined) throw notFound(key, "load");
      try {
        const found = await readValueFile(base, file.path, `Failed to load data: ${key}`, { key, operation: "load" });
        return contentOfFile(file, found.value) as T;
      } catch (error) {
        throw isGone(error) ? notFound(key, "load") : error;
      }
    },
    async list(prefix = "") {
      checkPrefix(prefix);
      return (await scan(base, prefix)).items;
    },
    async problems(prefix = "") {
      checkPrefix(prefix);
      return (await scan(base, prefix)).problems;
    },
    async delete(key) {
      if (typeof key !== "string") throw notFound(key, "delete");
      return inTurn(turn(base, key), async () => {
        const files = await filesOf(base, key, "delete");
        let removed = 0;
        for (const { path } of files) removed += (await inTurnOfFile(path, () => remove(key, path))) ? 1 : 0;
        if (removed === 0) throw notFound(key, "delete");
      });
    },
    async exists(key) {
      const [file] = typeof key === "string" ? await filesOf(base, key, "load") : [];
      if (file === undefined) return false;
      try {
        return await isFileInside(base, file.path);
      } catch (error) {
        throw fileFailure(`Failed to load data: ${key}`, error, { key, operation: "exists", file: file.path });
      }
    },
    getInfo() {
      return {
        type: "filesystem",
        platform: "desktop",
        connected: true,
        limits: { maxSize: LIMITS.bytes, maxDepth: LIMITS.depth },
      };
    },
  };
}

/** A save as it was asked for. */
interface Save {
  key: string;
  value: Plain;
  metadata: PlainObject;
  format: "yaml" | "json" | undefined;
  overwrite: boolean;
  /** When, as ISO time. */
  now: string;
}

/**
 * What a save is about to replace; `undefined` where there is no file, or for one that cannot be read but is to be replaced whatever
 * it holds.
 */
async function readExisting(
  base: string,
  key: string,
  { path: file }: KeyFile,
  overwrite: boolean,
): Promise<ValueFile | undefined> {
  const message = `Failed to save data: ${key}`;
  const context = { key, operation: "save" };
  try {
    return await readValueFile(base, file, message, context);
  } catch (error) {
    if (isGone(error)) return undefined;
    if (!isUnreadable(error)) throw error;
    if (overwrite) return undefined;
    throw refusal(error, message, file, context);
  }
}

/** What a file is to hold. @throws StorageError for what cannot be written, or would lose something. */
function textOf(
  document: Plain,
  format: Format,
  existing: ValueFile | undefined,
  message: string,
  context: StorageErrorContext & { file: string },
): string {
  try {
    return documentText(document, format, existing);
  } catch (error) {
    throw documentFailure(message, error, context);
  }
}

/** A flow file that has an envelope keeps it. */
function inDocument(value: Plain, file: KeyFile, existing: ValueFile | undefined, now: string): Plain {
  const hasEnvelope = mayHaveEnvelope(file) && isEnvelope(existing?.value) && isPlainObject(value);
  return hasEnvelope ? enveloped(value, existing.value, {}, now) : value;
}

function notFound(key: string, operation: string): StorageError {
  return new StorageError(`Data not found: ${key}`, "NOT_FOUND", { context: { key, operation } });
}

/** Two keys may have one turn without harm, one key must not have two. */
function turn(base: string, key: string): string {
  return `${base}\0${key}`;
}
