import { type NodeType, output, type ParameterProblem, sharedParameters } from "../../definition/node-type.js";
import { equalKeys, fieldList, otherRowsInputs, rowsInput } from "../../definition/rows.js";

/** Turns values into columns. */
export const pivot = {
  type: "pivot",
  name: "Pivot",
  description: "Turns the values of a field into columns, one row for each value of other fields.",
  category: "data",
  icon: "table-2",
  parameterSchema: {
    type: "object",
    required: ["column"],
    properties: {
      ...sharedParameters,
      index: fieldList(
        `Fields whose values make the rows; without it there is one row. \`a.b\` looks inside. ${equalKeys} Fields without a value (missing, null) equal each other.`,
        ["region"],
      ),
      column: {
        type: "string",
        minLength: 1,
        description: "The field whose values, as text, are the names of the new columns.",
        examples: ["month"],
      },
      value: {
        type: "string",
        minLength: 1,
        description:
          "The field whose values go into the columns. Only `aggregate: count` goes without, and counts rows.",
        examples: ["total"],
      },
      aggregate: {
        type: "string",
        enum: ["sum", "avg", "min", "max", "count", "first", "last", "list", "median"],
        default: "sum",
        description:
          "What becomes of several values in one place. Empty values are left out, but for list. The sum of none is 0, the others of none are null.",
      },
      fill: { default: null, description: "What stands where there is no value.", examples: [0] },
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  problems: ({ aggregate, value }): ParameterProblem[] =>
    value !== undefined || aggregate === "count" || (typeof aggregate === "string" && aggregate.includes("${{"))
      ? []
      : [
          {
            code: "INVALID_PARAMETERS",
            severity: "error",
            rule: "pivot-value",
            path: "",
            message: valueNeeded(aggregate),
          },
        ],
  outputPorts: [
    output(
      "result",
      "Result",
      "array",
      "The rows, with the index fields and all columns each, as they are first seen.",
    ),
    output("count", "Count", "number", "How many rows there are."),
    output(
      "columns",
      "Columns",
      "array",
      "The names of the new columns, as they are first seen. In the rows, and in files made of them, names that are whole numbers (`2024`) stand first, by size, as fields of objects do.",
    ),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [
    { what: "new columns", bound: "10,000", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "rows times columns", bound: "10,000,000", beyond: "MEMORY_LIMIT_EXCEEDED, before any is made" },
  ],
} as const satisfies NodeType;

/** What to say where no field gives the values. */
export function valueNeeded(aggregate: unknown = "sum"): string {
  return `A pivot with \`aggregate: ${aggregate}\` needs \`value\`, the field whose values go into the columns`;
}
