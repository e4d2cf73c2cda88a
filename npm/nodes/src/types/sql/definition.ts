import { answerParameters } from "../../definition/answer.js";
import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Queries tables that come in, and files, with SQL. */
export const sql = {
  type: "sql",
  name: "SQL",
  description:
    "Queries tables that come in, and files, with SQL, by DuckDB. Needs the package @duckdb/node-api (`npm install @duckdb/node-api`).",
  category: "data",
  icon: "table-properties",
  parameterSchema: {
    type: "object",
    required: ["sql"],
    properties: {
      ...sharedParameters,
      sql: {
        type: "string",
        minLength: 1,
        "x-control": "textarea",
        description:
          "One query of DuckDB: SELECT, FROM, WITH or VALUES. Its tables are the inputs by handle and the names in `files`. Values come as $1, $2 … or $name from `parameters`; never put values into the text.",
        examples: ["select region, sum(total) as total from data group by all order by all"],
      },
      parameters: {
        anyOf: [{ type: "array" }, { type: "object" }],
        description:
          "The values of $1, $2 … as a list, or those of $name by name, which are kept apart from the query.",
        examples: [[100], { least: 100 }],
      },
      files: {
        type: "object",
        description:
          "Files as tables, path by name: .csv, .tsv, .parquet, .json, .jsonl and .ndjson, all but Parquet also as .gz. A relative path starts at the folder in which the flow is run.",
        examples: [{ orders: "data/orders.parquet", regions: "regions.csv" }],
      },
      types: {
        type: "string",
        enum: ["auto", "text"],
        default: "auto",
        description:
          "What cells of CSV, TSV and tables of text become. `auto`: a column is BIGINT, DOUBLE, BOOLEAN, DATE or TIMESTAMP where every cell that is not empty is written so, also the last (`007` is text), and empty cells are null; `text`: all cells are text as they are.",
      },
      output: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description: "A file that the rows are written to, whole or not at all, instead of coming back.",
        examples: ["totals.parquet"],
      },
      outputFormat: {
        type: "string",
        enum: ["csv", "tsv", "parquet", "json", "jsonl"],
        description: "The form of that file; from the end of its name unless given.",
      },
      ...answerParameters,
      memoryLimit: {
        type: "integer",
        minimum: 16_777_216,
        default: 1_073_741_824,
        "x-unit": "bytes",
        description:
          "Memory of the query in bytes. What needs more goes to a folder for temporary files, which is removed at the end.",
      },
      maxSpillBytes: {
        type: "integer",
        minimum: 0,
        default: 10_737_418_240,
        "x-unit": "bytes",
        description: "The most bytes that may go to that folder.",
      },
      threads: {
        type: "integer",
        minimum: 1,
        maximum: 256,
        description: "Threads of the query. Without it, one for each core.",
      },
    },
  },
  inputPorts: [
    input(
      "data",
      "Data",
      "any",
      "The table `data`: a list of records, or a table. An edge may lead to any other name as well, which names its table.",
    ),
    input("parameters", "Parameters", "any", "Goes before the parameter of that name."),
  ],
  otherInputs: [
    input("input", "Input", "any", "The same as data."),
    input("default", "Default", "any", "The same as data; where an edge leads that names no handle."),
  ],
  hasOpenInputs: true,
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "The rows as objects; with `output` the path of the file. Whole numbers and decimals are numbers where no value of their column loses a digit, else the column is text, with a warning; dates and times are text in ISO 8601, bytes are base64, NaN and Infinity are null, with a warning.",
    ),
  ],
  otherOutputs: [
    output("rowCount", "Row Count", "number", "How many rows there are."),
    output("fields", "Fields", "array", "`{ name, type }` of each column of the result."),
    output("path", "Path", "string", "With `output`: the file that was written."),
    output("format", "Format", "string", "With `output`: its form."),
    output("size", "Size", "number", "With `output`: its size in bytes."),
  ],
  touches: ["reads-files", "writes-files"],
  effects: ({ output }) => (output === undefined ? "reads" : "writes"),
  effectsNote: "looks at the world; changes it with `output`",
  limits: [
    { what: "rows that come back", bound: "1,000,000, `maxRows` changes it", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "what they take", bound: "256 MiB, `maxBytes` changes it", beyond: "MEMORY_LIMIT_EXCEEDED" },
    {
      what: "memory of the query",
      bound: "1 GiB, `memoryLimit` changes it; 10 GiB of temporary files, `maxSpillBytes` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
    {
      what: "what the text of the query may do",
      bound: "read the tables of the node; no other file, network, extension, setting or second statement",
      beyond: "INVALID_PARAMETERS or EXECUTION_FAILED",
    },
  ],
} as const satisfies NodeType;
