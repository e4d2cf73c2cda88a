import { conditionExamples } from "./condition.js";
import { editFieldsExamples } from "./edit-fields.js";
import type { NodeExample } from "./example.js";
import { fileSystemExamples } from "./file-system.js";
import { httpRequestExamples } from "./http-request.js";
import { spreadsheetExamples } from "./spreadsheet.js";
import { transformExamples } from "./transform.js";

export type { NodeExample } from "./example.js";

/**
 * The examples of a type of this library. They stand beside the definitions, not in them, so that a page which runs nodes
 * does not load them.
 */
export function nodeExamples(type: string): readonly NodeExample[] {
  switch (type) {
    case "condition":
      return conditionExamples;
    case "edit-fields":
      return editFieldsExamples;
    case "file-system":
      return fileSystemExamples;
    case "http-request":
      return httpRequestExamples;
    case "spreadsheet":
      return spreadsheetExamples;
    case "transform":
      return transformExamples;
    default:
      return [];
  }
}
