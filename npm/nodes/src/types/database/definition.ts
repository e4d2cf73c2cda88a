import { answerParameters } from "../../definition/answer.js";
import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Reads and writes PostgreSQL. */
export const database = {
  type: "database",
  name: "Database",
  description: "Reads from and writes to a PostgreSQL database. Needs the package pg (`npm install pg`).",
  category: "io",
  icon: "database",
  parameterSchema: {
    type: "object",
    required: ["connection"],
    properties: {
      ...sharedParameters,
      connection: {
        type: "string",
        minLength: 1,
        description: "The address of the database with its account. It is a secret: errors do not tell it.",
        examples: ["\u0024{{ secrets.DATABASE_URL }}"],
      },
      operation: {
        type: "string",
        enum: ["query", "execute", "insert"],
        default: "query",
        description:
          "query reads rows, in a transaction that may change nothing; execute runs any one statement; insert puts rows into a table, all or none.",
      },
      sql: {
        type: "string",
        minLength: 1,
        description:
          "query, execute: one statement, with $1, $2 … for values. Never put values into its text, neither by hand nor by expressions.",
        examples: ["select id, total from orders where customer = $1"],
      },
      parameters: {
        type: "array",
        description: "query, execute: the values of $1, $2 …, which the database keeps apart from the statement.",
        examples: [["\u0024{{ data.customer }}"]],
      },
      ...answerParameters,
      table: {
        type: "string",
        minLength: 1,
        description:
          "insert: the table, also as `schema.table`. Names are taken as they are written, in upper and lower case.",
        examples: ["shop.orders"],
      },
      rows: {
        type: "array",
        description:
          "insert: the rows as objects by column, where no edge brings them. In columns of JSON values stay what they are: text is text there, and is not read as JSON.",
      },
      onConflict: {
        type: "string",
        enum: ["error", "ignore", "update"],
        default: "error",
        description:
          "insert: what becomes of a row whose key is there already: an error for all, left out, or written over the one that is there.",
      },
      keys: {
        type: "array",
        items: { type: "string" },
        description:
          "insert: the columns of the key for `update`, which have a unique index; with `ignore` of any without it.",
        examples: [["id"]],
      },
      returning: {
        type: "array",
        items: { type: "string" },
        description: "insert: columns that come back as rows, such as numbers that the database gave.",
      },
    },
  },
  inputPorts: [
    input("rows", "Rows", "any", "insert: goes before the parameter: a list of objects, a table, or one object."),
    input("parameters", "Parameters", "array", "query, execute: goes before the parameter of that name."),
  ],
  otherInputs: [
    input("data", "Data", "any", "The same as rows."),
    input("records", "Records", "array", "The same as rows."),
    input("default", "Default", "any", "The same as rows; where an edge leads that names no handle."),
  ],
  hasOpenInputs: false,
  outputPorts: [
    output(
      "result",
      "Result",
      "array",
      "The rows as objects. bigint and numeric are text, which keeps every digit; dates and times are text in ISO 8601, bytes are base64.",
    ),
  ],
  otherOutputs: [
    output("rowCount", "Row Count", "number", "Rows that were read, changed or inserted."),
    output("fields", "Fields", "array", "`{ name, type }` of each column of the result."),
  ],
  effects: ["network"],
  limits: [
    {
      what: "rows that come back",
      bound: "1,000,000, `maxRows` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED; nothing is changed",
    },
    {
      what: "what they take",
      bound: "256 MiB, `maxBytes` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED; nothing is changed",
    },
  ],
} as const satisfies NodeType;
