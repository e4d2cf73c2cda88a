import { input, type NodeType, output, sharedParameters } from "../node-type.js";

/** Reads tables. */
export const spreadsheet: NodeType = {
  type: "spreadsheet",
  name: "Spreadsheet",
  description: "Reads CSV and TSV into records of strings.",
  category: "data",
  icon: "table-2",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      path: { type: "string", minLength: 1, description: "The file to read." },
      filePath: { type: "string", minLength: 1, description: "An older name of path." },
      data: { description: "Text, bytes or records instead of a file." },
      format: { type: "string", enum: ["csv", "xlsx", "xls", "xlsb", "ods", "fods"] },
      sheetName: { type: "string" },
      sheetIndex: { type: "integer", minimum: 0 },
      hasHeaders: { type: "boolean", default: true, description: "Whether the first row names the columns." },
      range: { type: "string" },
      delimiter: { type: "string", minLength: 1, description: "One character; a tab for .tsv, otherwise a comma." },
      skipEmptyLines: {
        type: "boolean",
        default: true,
        description:
          'Whether lines with nothing but blanks are left out. A quoted cell makes a row, also when it is empty ("").',
      },
    },
  },
  inputPorts: [input("filePath", "File Path", "string"), input("data", "Data", "any")],
  outputPorts: [
    output("records", "Records", "array"),
    output("headers", "Headers", "array"),
    output("rowCount", "Row Count", "number"),
    output("sheetName", "Sheet Name", "string"),
  ],
};
