import { isPlainObject } from "../../data/input.js";
import { answerParameters } from "../../definition/answer.js";
import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { nameProblem } from "./named.js";
import { isQuery } from "./query.js";
import { dialectOf } from "./tokens.js";

/** Reads and writes PostgreSQL and SQLite. */
export const database = {
  type: "database",
  name: "Database",
  description:
    "Reads from and writes to a database: PostgreSQL, which needs the package pg (`npm install pg`), or a file of SQLite, which needs none.",
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
        description:
          "PostgreSQL: the address of the database with its account, which is a secret: errors do not tell it. SQLite: `sqlite:` with the path of a file, a relative one from the folder in which the flow is run. A file that is not there is made by `execute` with a statement that creates something, such as `create table`, and by nothing else. There are no databases in memory: each would end with its node. While nodes work on the file, no other node may read or copy it as a file: outside of Windows that drops the locks of SQLite.",
        examples: ["\u0024{{ secrets.DATABASE_URL }}", "sqlite:data/shop.db"],
      },
      operation: {
        type: "string",
        enum: ["query", "execute", "insert"],
        default: "query",
        description:
          "query reads rows, in a transaction that may change nothing; execute runs any one statement; insert puts rows into a table, all or none. SQLite: query opens the file only to read, and no statement reaches another file (ATTACH, VACUUM INTO), begins or ends a transaction, makes temporary tables, or sets a PRAGMA but user_version, application_id and journal_mode (delete, wal).",
      },
      sql: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["query", "execute"] },
        description:
          "query, execute: one statement, with :name or $name for values by name, or $1, $2 … for those of a list. Never put values into its text, neither by hand nor by expressions.",
        examples: [
          "select id, total from orders where customer = :customer",
          "select id, total from orders where customer = $1",
        ],
      },
      parameters: {
        anyOf: [{ type: "array" }, { type: "object" }],
        "x-when": { operation: ["query", "execute"] },
        description:
          "query, execute: values that the database keeps apart from the statement. An object has those of :name and $name, each of which must be there and be used; in texts, quotes and comments, in `::` and `:=` names are left alone, and inside of brackets of PostgreSQL `$name` alone is one. A list has those of $1, $2 …",
        examples: [{ customer: "\u0024{{ data.customer }}" }, ["\u0024{{ data.customer }}"]],
      },
      ...answerParameters,
      table: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["insert"] },
        description:
          "insert: the table, also as `schema.table`. Names are taken as they are written, in upper and lower case.",
        examples: ["shop.orders"],
      },
      rows: {
        type: "array",
        "x-when": { operation: ["insert"] },
        description:
          "insert: the rows as objects by column, where no edge brings them by the name of a handle. In columns of JSON values stay what they are: text is text there, and is not read as JSON. SQLite: truth values are 1 and 0, times are text in ISO 8601, lists and objects are JSON; NaN is refused, which it would make null of.",
        examples: [[{ id: 1, name: "Ada" }]],
      },
      onConflict: {
        type: "string",
        enum: ["error", "ignore", "update"],
        default: "error",
        "x-when": { operation: ["insert"] },
        description:
          "insert: what becomes of a row whose key is there already: an error for all, left out, or written over the one that is there.",
      },
      keys: {
        type: "array",
        items: { type: "string" },
        "x-when": { operation: ["insert"] },
        description:
          "insert: the columns of the key for `update`, which have a unique index; with `ignore` of any without it.",
        examples: [["id"]],
      },
      returning: {
        type: "array",
        items: { type: "string" },
        "x-when": { operation: ["insert"] },
        description: "insert: columns that come back as rows, such as numbers that the database gave.",
        examples: [["id"]],
      },
    },
  },
  inputPorts: [
    input("rows", "Rows", "any", "insert: goes before the parameter: a list of objects, a table, or one object."),
    input("parameters", "Parameters", "any", "query, execute: goes before the parameter of that name."),
  ],
  otherInputs: [
    input("data", "Data", "any", "The same as rows."),
    input("records", "Records", "array", "The same as rows."),
    input(
      "default",
      "Default",
      "any",
      "The same as rows, where the parameter has none; where an edge leads that names no handle.",
    ),
  ],
  hasOpenInputs: false,
  problems: ({ connection, sql, parameters }) => {
    const isKnown = (value: unknown): value is string => typeof value === "string" && !value.includes("${{");
    if (!isKnown(connection) || !isKnown(sql) || !isPlainObject(parameters)) return [];
    const message = nameProblem(sql, parameters, dialectOf(connection));
    if (message === undefined) return [];
    return [{ code: "INVALID_PARAMETERS", severity: "error", rule: "sql-names", path: "/sql", message }];
  },
  outputPorts: [
    output(
      "result",
      "Result",
      "array",
      "The rows as objects. Bytes are base64. PostgreSQL: bigint and numeric are text, which keeps every digit; dates and times are text in ISO 8601. SQLite has no types but those of values: a column with whole numbers beyond 2^53 is text, with a warning; in columns of tables that are declared `json`, text that is JSON is read as JSON, in those declared `boolean` 1 and 0 are true and false; dates are what was written.",
    ),
  ],
  otherOutputs: [
    output("rowCount", "Row Count", "number", "Rows that were read, changed or inserted."),
    output(
      "fields",
      "Fields",
      "array",
      "`{ name, type }` of each column of the result. SQLite: what the table declares for the column, else `any`.",
    ),
  ],
  touches: ["network", "reads-files", "writes-files"],
  effects: ({ operation = "query", sql }) => (operation === "query" && isQuery(sql) ? "reads" : "writes"),
  effectsNote:
    "looks at the world with `operation` `query` and a statement that begins with SELECT, WITH, VALUES or TABLE, else changes it",
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
    {
      what: "SQLite: memory of a statement, a text or blob, the statement itself",
      bound: "256 MiB, 128 MiB, 1,000,000 bytes",
      beyond: "MEMORY_LIMIT_EXCEEDED; nothing is changed",
    },
    {
      what: "SQLite: waiting for a lock of another connection",
      bound: "30 s, or nine tenths of a shorter time limit of the node",
      beyond: "EXECUTION_FAILED, of which another try may end well",
    },
  ],
} as const satisfies NodeType;
