import { input, type NodeType, output, sharedParameters } from "../node-type.js";

/** Reads tables. */
export const spreadsheet = {
  type: "spreadsheet",
  name: "Spreadsheet",
  description: "Reads CSV and TSV into records of strings.",
  category: "data",
  icon: "table-2",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      path: {
        type: "string",
        minLength: 1,
        description: "The file to read. A relative path starts at the folder in which the flow is run.",
        examples: ["data/orders.csv"],
      },
      filePath: { type: "string", minLength: 1, description: "An older name of path." },
      data: { description: "Text, bytes or records instead of a file." },
      format: {
        type: "string",
        enum: ["csv", "xlsx", "xls", "xlsb", "ods", "fods"],
        description: "The form of the file. Only csv can be read, which includes TSV.",
      },
      sheetName: { type: "string", description: "A sheet of a workbook; a CSV file has `Sheet1` alone." },
      sheetIndex: { type: "integer", minimum: 0, description: "A sheet by its place, from 0; a CSV file has one." },
      hasHeaders: { type: "boolean", default: true, description: "Whether the first row names the columns." },
      range: { type: "string", description: "Cells of a workbook; a CSV file has none to choose from." },
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
    },
  },
  inputPorts: [
    input("filePath", "File Path", "string", "The file to read; goes before the parameter `path`."),
    input("data", "Data", "any", "Text, bytes or records instead of a file."),
  ],
  otherInputs: [
    input("path", "Path", "string", "The same as filePath."),
    input("file", "File", "string", "The same as filePath."),
    input("content", "Content", "any", "The same as data."),
    input("records", "Records", "array", "The same as data."),
    input("input", "Input", "any", "The same as data."),
    input("default", "Default", "any", "The same as data; where an edge leads that names no handle."),
  ],
  hasOpenInputs: false,
  outputPorts: [
    output("records", "Records", "array", "One object for each row, by the names of the columns. Every cell is text."),
    output("headers", "Headers", "array", "The names of the columns."),
    output("rowCount", "Row Count", "number", "How many rows there are."),
    output("sheetName", "Sheet Name", "string", "`Sheet1`."),
  ],
  otherOutputs: [
    output("format", "Format", "string", "`csv`."),
    output("sheetNames", "Sheet Names", "array", "`[Sheet1]`."),
    output("delimiter", "Delimiter", "string", "What separates cells, where it is no comma."),
  ],
  effects: ["reads-files"],
  limits: [],
} as const satisfies NodeType;
