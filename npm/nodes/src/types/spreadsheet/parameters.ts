import { handleValue, unwrap } from "../../data/input.js";
import { writableRows } from "../../data/loop-rows.js";
import { chosenData } from "../../library/chosen-data.js";
import type { NodeWork } from "../../library/work.js";
import type { TextEncodingName } from "../../machine/text-encoding.js";

/** The parameters of a spreadsheet node, checked. */
export interface SpreadsheetParameters {
  operation: "read" | "write";
  path?: string;
  filePath?: string;
  overwrite?: boolean;
  data?: unknown;
  format?: string;
  types?: "text" | "auto";
  sheets?: Record<string, unknown>;
  encoding?: TextEncodingName;
  sheetName?: string;
  sheetIndex?: number;
  hasHeaders: boolean;
  firstRow?: number;
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

/** What stands in for a file, or is written to one. */
export function dataOf(work: NodeWork<SpreadsheetParameters>): unknown {
  return chosenData(work, "data", ["data", "content", "records"], writableRows);
}
