import { type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { otherRowsInputs, rowsInput } from "../../definition/rows.js";
import { schemaProblem } from "./schema.js";

/** Tells good rows from bad ones. */
export const validate = {
  type: "validate",
  name: "Validate",
  description: "Checks rows against a JSON Schema, and tells good ones from bad ones.",
  category: "data",
  icon: "shield-check",
  parameterSchema: {
    type: "object",
    required: ["schema"],
    properties: {
      ...sharedParameters,
      schema: {
        type: "object",
        description:
          "What each row must be, as JSON Schema. Only keywords that are checked may be used; others are refused. Cells of CSV files are text, also where they spell numbers.",
        examples: [
          {
            type: "object",
            required: ["id"],
            properties: { id: { type: "integer" }, email: { format: "email", type: "string" } },
          },
        ],
      },
      onInvalid: {
        type: "string",
        enum: ["route", "fail"],
        default: "route",
        description: "What to do about bad rows: hand them on at `invalid`, or fail the node with what is wrong.",
      },
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  routed: true,
  problems: ({ schema }) => {
    // What expressions in it will give is known when the node runs.
    if (schema === undefined || JSON.stringify(schema).includes("${{")) return [];
    const problem = schemaProblem(schema);
    return problem === undefined
      ? []
      : [{ code: "INVALID_PARAMETERS", severity: "error", rule: "unchecked-schema", ...problem }];
  },
  outputPorts: [
    output(
      "valid",
      "Valid",
      "array",
      "The good rows, each as it came. Nodes that only this leads to are skipped where all rows are bad.",
    ),
    output(
      "invalid",
      "Invalid",
      "array",
      "The bad rows, as `{ row, index, problems }`; a problem is `{ path, message }`. Nodes that only this leads to are skipped if every row is good.",
    ),
  ],
  otherOutputs: [
    output("result", "Result", "array", "The good rows."),
    output("validCount", "Valid Count", "number", "How many rows are good."),
    output("invalidCount", "Invalid Count", "number", "How many rows are bad."),
  ],
  touches: [],
  effects: "none",
  limits: [
    { what: "problems told of one row", bound: "20", beyond: "the last one says how many more there are" },
    {
      what: "patterns",
      bound:
        "1,000 characters, without back-references and looking around; text of 100,000 characters, or fewer for a large pattern",
      beyond: "INVALID_PARAMETERS; EXECUTION_FAILED for text",
    },
  ],
} as const satisfies NodeType;
