import { findData, handleValue, unwrap } from "../../data/input.js";
import type { NodeWork } from "../../library/work.js";

/** The parameters of a spreadsheet node, checked. */
export interface SpreadsheetParameters {
  operation: "read" | "write";
  path?: string;
  filePath?: string;
  data?: unknown;
  format?: string;
  types?: "text" | "auto";
  sheetName?: string;
  sheetIndex?: number;
  hasHeaders: boolean;
  range?: string;
  delimiter?: string;
  skipEmptyLines: boolean;
  stream: boolean;
}

/** `path` and `filePath` are what ports are called, `file` what callers of a flow call its input. */
export function pathOf({ input, parameters }: NodeWork<SpreadsheetParameters>): string | undefined {
  for (const name of ["path", "filePath", "file"]) {
    const value = unwrap(handleValue(input, name));
    if (typeof value === "string" && value !== "") return value;
  }
  return parameters.path ?? parameters.filePath;
}

/**
 * What stands in for a file, or is written to one: what handles that are named bring, else the parameter, else what an edge
 * brings that names no handle. Beside the parameter such an edge says which node goes first; rows that it brings are warned of.
 */
export function dataOf({ input, parameters, warn }: NodeWork<SpreadsheetParameters>): unknown {
  const names = ["data", "content", "records", "input"];
  const { data } = parameters;
  const isGiven = data !== undefined && data !== null && data !== "" && !(Array.isArray(data) && data.length === 0);
  const byEdge = unwrap(handleValue(input, "default"));
  if (isGiven && byEdge !== undefined && names.every((name) => handleValue(input, name) === undefined)) {
    if (Array.isArray(byEdge) && byEdge.length > 0) {
      warn(
        "data-ignored",
        `An edge that names no handle brings ${byEdge.length} rows, and the parameter \`data\` has others, which count; name the handle (\`targetHandle: data\`), or take the parameter out`,
      );
    }
    return data;
  }
  return findData(input, ["data", "content", "records"]) ?? parameters.data;
}
