/** Types by the names that earlier versions gave them. */
import type { SaveOptions, StorageEngine, StorageInfo } from "./engine.js";
import type { FileSystemEngineOptions } from "./files/file-system-engine.js";
import type { FlowFileMetadata } from "./files/flow-file.js";
import type { MemoryEngineOptions } from "./memory/memory-engine.js";
import type { ApplicationPaths, PathManagerOptions } from "./paths/path-manager.js";

export type IStorageEngine = StorageEngine;
export type StorageOptions = SaveOptions;
export type StorageType = StorageInfo["type"];
export type Platform = StorageInfo["platform"];
export type FileSystemStorageConfig = FileSystemEngineOptions;
export type InMemoryStorageConfig = MemoryEngineOptions;
export type PathMap = ApplicationPaths;
export type PathManagerConfig = PathManagerOptions;

/** Folders that Electron's `app.getPath` knows. */
export type ElectronPathName =
  | "home"
  | "appData"
  | "userData"
  | "sessionData"
  | "temp"
  | "exe"
  | "module"
  | "desktop"
  | "documents"
  | "downloads"
  | "music"
  | "pictures"
  | "videos"
  | "recent"
  | "logs"
  | "crashDumps";

/** Facts in a file, beside what it is about; those that every saved file has. */
export interface FlowMetadata extends FlowFileMetadata {
  name: string;
  /** ISO time. */
  createdAt: string;
  /** ISO time. */
  updatedAt: string;
}

/** What a file holds. */
export interface AtomitonFile<T = unknown> {
  /** Of the form of the file; `1.0.0`. */
  version: string;
  metadata: FlowMetadata;
  data: T;
}

/** What `saveFlowFile` writes; `data` is the node. */
export type FlowFile<T = unknown> = AtomitonFile<T>;
