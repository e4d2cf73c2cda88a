import type { NodeWork } from "../../library/work.js";

/** The forms of archives. */
export type ArchiveFormat = "zip" | "tar" | "tar.gz";

/** The parameters of an archive node, checked. */
export interface ArchiveParameters {
  operation: "list" | "extract" | "create";
  path?: string;
  data?: unknown;
  format?: ArchiveFormat;
  folder?: string;
  files?: unknown;
  patterns?: string | string[];
  hidden: boolean;
  overwrite: boolean;
  output?: "bytes" | "base64";
  level: number;
  maxSize?: number;
  maxRatio: number;
  maxEntries: number;
}

export type ArchiveWork = NodeWork<ArchiveParameters>;

/** The patterns that are given; `undefined` where all is wanted. */
export function patternsOf({ patterns }: ArchiveParameters): string[] | undefined {
  const list = typeof patterns === "string" ? [patterns] : patterns;
  return list === undefined || list.length === 0 ? undefined : list;
}
