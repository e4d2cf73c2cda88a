import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { enveloped, isEnvelope } from "../data/envelope.js";
import { stamped } from "../data/flow.js";
import { isPlainObject, LIMITS, type Plain, type PlainObject } from "../data/plain.js";
import { checkKey, writable } from "../data/refusal.js";
import { documentText } from "../document/write.js";
import type { FileSystemEngine } from "../engine.js";
import { StorageError } from "../error.js";
import { makeFolder, syncFolder, writeAtomically, writeThrough } from "./atomic-write.js";
import { fileFailure } from "./failure.js";
import { contentOfFile, filesOf, type KeyFile, mayHaveEnvelope, newFile } from "./key-files.js";
import { removeLeftovers } from "./leftovers.js";
import { scan } from "./scan.js";
import { inTurn } from "./turns.js";
import {
  assertInside,
  documentFailure,
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
}

/**
 * Keeps each value in a file of its own, `<baseDir>/<key>.composite.yaml` unless it says otherwise. Flows that somebody wrote
 * by hand as `<key>.flow.yaml`, `.flow.yml` or `.flow.json` are read and updated in place. Of several files of one key the
 * first of `.composite.yaml`, `.composite.json`, `.flow.yaml`, `.flow.yml`, `.flow.json` counts; `delete` removes all.
 *
 * Files are replaced as a whole or not at all, and are on the disk when the promise settles. Nothing is read or written outside
 * of the base folder, whatever the key and wherever links lead.
 */
export function createFileSystemEngine({
  baseDir = join(homedir(), "Atomiton"),
}: FileSystemEngineOptions = {}): FileSystemEngine {
  if (typeof baseDir !== "string" || baseDir === "") {
    throw new StorageError("The base folder of a storage must be a path", "UNSUPPORTED_OPERATION");
  }
  const base = resolve(baseDir);
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

  const replace = async (key: string, value: Plain, metadata: PlainObject, options: Replacing): Promise<void> => {
    const files = await filesOf(base, key, "save");
    const found = options.format ? files.find(({ ending }) => ending === `.composite.${options.format}`) : files[0];
    const target = found ?? newFile(base, key, `.composite.${options.format ?? "yaml"}`, "save");
    const message = `Failed to save data: ${key}`;
    const context = { key, operation: "save", file: target.path };

    const existing = found && (await readExisting(base, key, found, options.overwrite));
    const now = new Date().toISOString();
    const document = inDocument(
      stamped(value, existing && contentOfFile(target, existing.value), metadata, now),
      target,
      existing,
      now,
    );
    let text: string;
    try {
      text = documentText(
        document,
        target.ending.endsWith("json") ? "json" : "yaml",
        options.overwrite ? undefined : existing,
      );
    } catch (error) {
      throw documentFailure(message, error, context);
    }
    await prepare(key, target);
    try {
      await writeAtomically(target.path, (beside) => writeThrough(beside, text));
    } catch (error) {
      throw fileFailure(message, error, context);
    }
  };

  return {
    async save(key, data, options = {}) {
      checkKey(key);
      const { format, overwrite = false } = options;
      if (format !== undefined && format !== "yaml" && format !== "json") {
        throw new StorageError(`Unknown format: ${String(format)}; there are yaml and json`, "UNSUPPORTED_OPERATION", {
          context: { key, operation: "save" },
        });
      }
      const value = writable(data, key);
      const metadata = writable(options.metadata ?? {}, key) as PlainObject;
      return inTurn(turn(base, key), () => replace(key, value, metadata, { format, overwrite }));
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
      return (await scan(base, prefix)).items;
    },
    async problems(prefix = "") {
      return (await scan(base, prefix)).problems;
    },
    async delete(key) {
      if (typeof key !== "string") throw notFound(key, "delete");
      return inTurn(turn(base, key), async () => {
        const files = await filesOf(base, key, "delete");
        if (files.length === 0) throw notFound(key, "delete");
        const message = `Failed to delete data: ${key}`;
        for (const { path: file } of files) {
          const context = { key, operation: "delete", file };
          try {
            await assertInside(base, file, message, context);
            await rm(file);
            await syncFolder(dirname(file));
          } catch (error) {
            throw fileFailure(message, error, context);
          }
        }
      });
    },
    async exists(key) {
      return typeof key === "string" && (await filesOf(base, key, "load")).length > 0;
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

interface Replacing {
  format: "yaml" | "json" | undefined;
  overwrite: boolean;
}

/**
 * What a save is about to replace; `undefined` for a file that went away, or that cannot be read but is to be replaced whatever
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
