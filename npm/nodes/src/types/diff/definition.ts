import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { equalKeys, fieldList } from "../../definition/rows.js";

/** Tells what changed. */
export const diff = {
  type: "diff",
  name: "Diff",
  description: "Tells which rows were added, removed or changed between two lists.",
  category: "data",
  icon: "diff",
  parameterSchema: {
    type: "object",
    required: ["keys"],
    properties: {
      ...sharedParameters,
      keys: fieldList(
        `Fields by which a row is known in both lists; all rows have them, and no two of a list the same. \`a.b\` looks inside. ${equalKeys}`,
        ["id"],
      ),
      fields: fieldList("Fields to compare; `a.b` looks inside. Without it all but the keys.", ["price"]),
      ignore: fieldList("Fields not to compare.", ["updatedAt"]),
    },
  },
  inputPorts: [
    input("before", "Before", "array", "The records, or table, as they were.", true),
    input("after", "After", "array", "The records, or table, as they are.", true),
  ],
  otherInputs: [],
  hasOpenInputs: false,
  outputPorts: [
    output("result", "Result", "object", "All of it: `{ added, removed, changed, unchanged }`."),
    output("added", "Added", "array", "Rows that are only in after, in its order."),
    output("removed", "Removed", "array", "Rows that are only in before, in its order."),
    output(
      "changed",
      "Changed",
      "array",
      "In the order of before, `{ key, before, after, changes }`: the values of the keys, both rows, and for each field that changed `{ before, after }`. Null and a missing field are the same; a number and text are not.",
    ),
    output("unchanged", "Unchanged", "number", "How many rows are the same in both."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
