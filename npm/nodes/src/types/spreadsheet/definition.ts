import { readsWith } from "../../definition/effects.js";
import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Reads and writes tables. */
export const spreadsheet = {
  type: "spreadsheet",
  name: "Spreadsheet",
  description: "Reads and writes tables: CSV, Excel and LibreOffice workbooks, Parquet, JSON and JSON Lines.",
  category: "data",
  icon: "table-2",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["read", "write"],
        default: "read",
        description: "Whether the file is read, or written from the records that arrive.",
      },
      path: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description: "The file. A relative path starts at the folder in which the flow is run.",
        examples: ["data/orders.csv", "report.xlsx"],
      },
      filePath: { type: "string", minLength: 1, description: "An older name of path." },
      overwrite: {
        type: "boolean",
        "x-when": { operation: ["write"] },
        description:
          "write: whether the file may be there already. true: it is replaced, with all its sheets; false: the node fails where it is; not given: it is " +
          "replaced, and a warning tells where the same run wrote it, and of sheets that are gone.",
      },
      data: {
        description:
          "Text, bytes or records instead of a file, where no edge brings them by the name of a handle. An edge without one then says which node goes first.",
      },
      format: {
        type: "string",
        enum: ["csv", "tsv", "xlsx", "xls", "xlsb", "ods", "fods", "json", "jsonl", "parquet"],
        description:
          "The form of the file; from the end of its name unless given, else csv. csv, tsv, xlsx, json, jsonl and parquet can be written; " +
          "fods can be neither read nor written. Columns of Parquet have types: read, decimals and whole numbers with more digits than " +
          "a number keeps make their column text, times are text in ISO 8601, bytes base64; written, whole numbers are INT64, other " +
          "numbers DOUBLE, lists and objects JSON, and a field with several kinds of values is text.",
      },
      types: {
        type: "string",
        enum: ["text", "auto"],
        description:
          "What cells become. `text`: all cells of CSV and workbooks are text, as they are unless `auto` is given. `auto`: " +
          "numbers and true or false are such, empty cells are null, also in JSON and in records that arrive. The numbers of a column " +
          "stay text where one of them would lose something: zeros before it (`00501`), a sign or exponent, a decimal comma or thousands set apart, digits beyond 15, or zeros " +
          "at its end where not all decimals have as many places (`1.10` beside `1.9`; amounts such as `100.50` are numbers). " +
          "A workbook is written with `auto` unless `text` is given, and shows zeros at the end of amounts. Written, columns of dates and times " +
          "(`2026-01-31`, `2026-01-31T12:30:00`), as workbooks are read, become dates too, unless another cell of the column begins with a digit: " +
          "a number, or a date that is written otherwise, with a zone, at midnight, or before March 1900.",
      },
      sheetName: {
        type: "string",
        description:
          "A sheet of a workbook; a CSV file has `Sheet1` alone. Written, a workbook has this sheet alone: others that the file had are gone, with a warning.",
      },
      sheets: {
        type: "object",
        "x-when": { operation: ["write"] },
        description:
          "write: the rows of several sheets of one xlsx, by the names of the sheets and in their order, instead of `data`. A name has 31 characters at most and none of [ ] : * ? / \\; no two differ in case alone.",
        examples: [{ Orders: "${{ nodes.orders.result }}", Totals: "${{ nodes.totals.result }}" }],
      },
      sheetIndex: { type: "integer", minimum: 0, description: "A sheet by its place, from 0; a CSV file has one." },
      hasHeaders: { type: "boolean", default: true, description: "Whether the first row names the columns." },
      firstRow: {
        type: "integer",
        minimum: 1,
        maximum: 1_048_576,
        "x-when": { operation: ["read"] },
        description:
          "read: the row of a CSV, TSV or workbook where the table begins, from 1: the one that names the columns, or without headers the first record. Rows above it, such as a title, are left out; empty lines count.",
        examples: [3],
      },
      range: {
        type: "string",
        description:
          "Cells of a workbook, with their headers; `A2:D`, `A2:` and `2:` go up to the end of the sheet. A CSV file has none to choose from.",
        examples: ["A2:D10", "A:D", "2:10", "A2:D"],
      },
      encoding: {
        type: "string",
        enum: ["utf-8", "utf-16le", "utf-16be", "windows-1252"],
        description:
          "read: how the characters of CSV, TSV, JSON and JSON Lines are written; utf-8 unless given. `windows-1252` is for Latin-1 as well, and what Excel writes as CSV in Western countries.",
      },
      delimiter: {
        type: "string",
        minLength: 1,
        description: "What separates cells: one character. A tab for .tsv, otherwise a comma, unless given.",
        examples: [";"],
      },
      skipEmptyLines: {
        type: "boolean",
        default: true,
        description:
          'Whether lines with nothing but blanks are left out. A quoted cell makes a row, also when it is empty ("").',
      },
      stream: {
        type: "boolean",
        default: false,
        description:
          "Whether a CSV or TSV file is read only when later nodes take its rows, batch by batch, so that it may be larger than memory. " +
          "Filters of `transform` by `where`, and a `join` with a table, are a part of the stream; aggregates, `limit`, functions of `map`, and nodes that write CSV, TSV, JSON or JSON Lines take its rows. " +
          "All else needs the rows that are left in memory. A row that cannot be read fails the node that takes it, and so does a file that has changed; each node that takes rows reads the file again.",
      },
    },
  },
  inputPorts: [
    input("filePath", "File Path", "string", "The file to read; goes before the parameter `path`."),
    input("data", "Data", "any", "Text, bytes or records instead of a file."),
    input("sheets", "Sheets", "object", "write: goes before the parameter of that name."),
  ],
  otherInputs: [
    input("path", "Path", "string", "The same as filePath."),
    input("file", "File", "string", "The same as filePath."),
    input("content", "Content", "any", "The same as data."),
    input("records", "Records", "array", "The same as data."),
    ...sameAsData,
  ],
  hasOpenInputs: false,
  outputPorts: [
    output(
      "records",
      "Records",
      "array",
      "One object for each row, by the names of the columns. Cells are text unless `types` is auto.",
    ),
    output("headers", "Headers", "array", "The names of the columns."),
    output("rowCount", "Row Count", "number", "How many rows there are."),
    output("sheetName", "Sheet Name", "string", "The sheet that was read; `Sheet1` of a file without sheets."),
  ],
  otherOutputs: [
    output("format", "Format", "string", "The form of the file."),
    output("sheetNames", "Sheet Names", "array", "All sheets of the workbook that was read, or those of `sheets`."),
    output("result", "Result", "string", "write: the same as path."),
    output("path", "Path", "string", "The file that was written."),
    output("size", "Size", "number", "Its size in bytes."),
    output("delimiter", "Delimiter", "string", "What separates cells, where it is no comma."),
    output("success", "Success", "boolean", "write: true."),
  ],
  touches: ["reads-files", "writes-files"],
  ...readsWith("operation", ["read"], "read"),
  limits: [
    {
      what: "parts of a workbook",
      bound: "8 GiB a sheet, 1 GiB for the rest, 10,000 parts, once unpacked",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
    { what: "columns", bound: "16,384", beyond: "DESERIALIZATION_FAILED" },
    {
      what: "a written sheet",
      bound: "1,048,575 rows, 16,384 columns, 32,767 characters a cell",
      beyond: "INVALID_PARAMETERS",
    },
    {
      what: "Parquet: memory of reading or writing, an unpacked page, all pages",
      bound: "2 GiB and 150,000,000 values, 512 MiB, 8 GiB",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
  ],
} as const satisfies NodeType;
