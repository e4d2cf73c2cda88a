import { executable } from "../../library/work.js";
import { spreadsheet } from "./definition.js";
import type { SpreadsheetParameters } from "./parameters.js";
import { readSpreadsheet } from "./read.js";
import { writeSpreadsheet } from "./write.js";

/** Reads a table, or writes one; see {@link readSpreadsheet} and {@link writeSpreadsheet}. */
export const spreadsheetNode = executable<SpreadsheetParameters>(
  spreadsheet,
  (work) => (work.parameters.operation === "write" ? writeSpreadsheet(work) : readSpreadsheet(work)),
  { takesStreams: true },
);
