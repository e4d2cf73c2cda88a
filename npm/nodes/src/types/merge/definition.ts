import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Modes that others have for what comes first in time. */
const OF_TIME =
  /^(?:any|race|fastest|first[-_ ]?(?:come|done|completed|(?:to[-_ ]?)?arrive[ds]?|(?:to[-_ ]?)?finish))$/i;

/** Gathers what several edges bring. */
export const merge = {
  type: "merge",
  name: "Merge",
  description:
    "Puts together what several edges bring, once all of them are done: lists, rows, records of the same key, or the first value by the order of handles.",
  category: "logic",
  icon: "merge",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      mode: {
        type: "string",
        enum: ["append", "position", "key", "object", "first"],
        default: "append",
        description:
          "append: the lists one after the other. position: the first rows of all lists as one row, then the second. key: records with the same values of `keys` as one. object: an object with a field for each handle. " +
          "first: the first value that is not null, in the order of handles and not of time: a merge always waits for every edge. For the one that is there first, put the branches into a `parallel` with `mode: race`.",
      },
      order: {
        type: "array",
        items: { type: "string", minLength: 1 },
        description: "Handles in the order in which they count; others follow in the order of their names.",
        examples: [["stored", "fetched"]],
      },
      keys: {
        "x-when": { mode: ["key"] },
        description:
          "key: the field, or fields, that tell which records belong together. 7 and the text `7` are the same.",
        examples: ["id", ["year", "month"]],
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
      },
      shorter: {
        type: "string",
        enum: ["fail", "fill"],
        default: "fail",
        "x-when": { mode: ["position"] },
        description: "position: whether lists of different lengths are an error, or fields of missing rows are null.",
      },
    },
  },
  inputPorts: [
    input("a", "A", "any", "What is gathered; an edge may lead to any other name as well."),
    input("b", "B", "any", "The same; in the order of names it follows `a`."),
  ],
  otherInputs: [input("default", "Default", "any", "The same; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  problems: ({ mode }) =>
    typeof mode === "string" && OF_TIME.test(mode)
      ? [
          {
            code: "INVALID_PARAMETERS",
            severity: "warning",
            rule: "waits-for-all",
            path: "/mode",
            message: `A merge waits for every edge and has no \`mode: ${mode}\`; for the first branch that is done put the branches into a \`parallel\` with \`mode: race\`, for a value of the branch that was not skipped use \`mode: first\``,
          },
        ]
      : [],
  outputPorts: [output("result", "Result", "any", "A list; with object an object, with first the value.")],
  otherOutputs: [
    output(
      "count",
      "Count",
      "number",
      "How many items, or fields, the result has; with first 1, or 0 where nothing came.",
    ),
    output("handles", "Handles", "array", "The handles that brought something, in the order in which they counted."),
  ],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
