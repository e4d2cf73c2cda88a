import { homedir } from "node:os";
import { join } from "node:path";

import { checkFormat } from "./data/refusal.js";
import type { FileFormat, StorageEngine } from "./engine.js";
import { StorageError } from "./error.js";
import { createFileSystemEngine } from "./files/file-system-engine.js";
import { createMemoryEngine } from "./memory/memory-engine.js";

/** Which storage to create: one of the two that come with the package, or an engine of your own. */
export interface StorageConfig {
  type?: "memory" | "filesystem";
  /** The folder of `filesystem`. Default `~/.atomiton`, on Windows `%APPDATA%/.atomiton`. */
  basePath?: string;
  /** The same as `basePath`, which wins. */
  path?: string;
  /** What the files of `filesystem` hold. Default `yaml`. */
  format?: FileFormat;
  /** Used as it is; wins over `type`. */
  engine?: StorageEngine;
}

/**
 * A storage, at once: folders are made at the first save. Without a configuration, files in the default folder.
 *
 * @throws StorageError UNSUPPORTED_OPERATION `Unknown storage type: <type>`, or an unknown format.
 */
export function createStorage(config: StorageConfig = {}): StorageEngine {
  const { engine, type = "filesystem", format } = config;
  checkFormat(format);
  if (engine) return engine;
  switch (type) {
    case "memory":
      return createMemoryEngine();
    case "filesystem":
      return createFileSystemEngine({
        baseDir: config.basePath ?? config.path ?? defaultFolder(),
        ...(format && { format }),
      });
    default:
      throw new StorageError(`Unknown storage type: ${String(type)}`, "UNSUPPORTED_OPERATION");
  }
}

function defaultFolder(): string {
  const applicationData = process.platform === "win32" ? process.env["APPDATA"] : undefined;
  return join(applicationData || homedir(), ".atomiton");
}
