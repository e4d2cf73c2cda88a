import { type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { fieldList, otherRowsInputs, rowsInput, rowsLimit } from "../../definition/rows.js";

/** Turns columns into rows. */
export const unpivot = {
  type: "unpivot",
  name: "Unpivot",
  description: "Turns columns into rows: one for each of them, with its name and its value.",
  category: "data",
  icon: "rows-3",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      keep: fieldList("Fields that each of the new rows keeps; without it all that are not among `columns`.", [
        "region",
      ]),
      columns: fieldList("Fields that become rows; without it all that are not among `keep`.", ["Jan", "Feb"]),
      nameTo: { type: "string", minLength: 1, default: "name", description: "The field for the name of the column." },
      valueTo: { type: "string", minLength: 1, default: "value", description: "The field for its value." },
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  outputPorts: [
    output(
      "result",
      "Result",
      "array",
      "Row by row a row for each column, in the order in which the columns are first seen; null where it is missing.",
    ),
    output("count", "Count", "number", "How many rows there are."),
    output("columns", "Columns", "array", "The columns that became rows."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [{ what: "columns that become rows", bound: "10,000", beyond: "MEMORY_LIMIT_EXCEEDED" }, rowsLimit],
} as const satisfies NodeType;
