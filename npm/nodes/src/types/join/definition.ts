import { input, type NodeType, output, type ParameterProblem, sharedParameters } from "../../definition/node-type.js";
import { equalKeys, fieldList, rowsLimit } from "../../definition/rows.js";

/** What is wrong with the parameters that name keys; `undefined` where nothing is. */
export function keysProblem(parameters: {
  on?: unknown;
  leftKeys?: unknown;
  rightKeys?: unknown;
}): { path: string; message: string } | undefined {
  const { on, leftKeys, rightKeys } = parameters;
  const isGiven = (value: unknown) => value !== undefined;
  if (isGiven(on) && (isGiven(leftKeys) || isGiven(rightKeys))) {
    return { path: "/on", message: "The keys are named twice: give either `on`, or `leftKeys` and `rightKeys`" };
  }
  if (!isGiven(on) && !(isGiven(leftKeys) && isGiven(rightKeys))) {
    return {
      path: "",
      message:
        "A join needs keys: `on` with the fields that both sides have, or `leftKeys` and `rightKeys` with as many fields each",
    };
  }
  if ([on, leftKeys, rightKeys].some((keys) => Array.isArray(keys) && keys.length === 0)) {
    return { path: isGiven(on) ? "/on" : "/leftKeys", message: "The list of key fields is empty; name one at least" };
  }
  if (Array.isArray(leftKeys) && Array.isArray(rightKeys) && leftKeys.length !== rightKeys.length) {
    return {
      path: "/rightKeys",
      message: `\`leftKeys\` names ${leftKeys.length} and \`rightKeys\` ${rightKeys.length}; they must name as many`,
    };
  }
  return undefined;
}

/** Brings two lists together. */
export const join = {
  type: "join",
  name: "Join",
  description: "Joins two lists of records where their keys are equal.",
  category: "data",
  icon: "merge",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      how: {
        type: "string",
        enum: ["inner", "left", "right", "full", "semi", "anti"],
        default: "inner",
        description:
          "Which rows come out: inner, pairs of equal keys; left, right, full, those and the rows of that side, or both, without a match; semi, rows of the left that have one; anti, rows of the left that have none.",
      },
      on: fieldList(
        `Key fields that both sides have; \`a.b\` looks inside. ${equalKeys} Rows without a value in a key never match.`,
        ["customerId"],
      ),
      leftKeys: fieldList("Key fields of the left side, where their names differ.", ["customerId"]),
      rightKeys: fieldList("Key fields of the right side, in the same order.", ["id"]),
      suffix: {
        type: "string",
        default: "_right",
        description:
          "Put behind the name of a field of the right side that the left has too. A key of the same name is there once.",
      },
    },
  },
  inputPorts: [
    input("left", "Left", "array", "Records, or a table; their order is kept.", true),
    input("right", "Right", "array", "Records, or a table.", true),
  ],
  otherInputs: [],
  hasOpenInputs: false,
  problems: (parameters): ParameterProblem[] => {
    const problem = keysProblem(parameters);
    return problem === undefined
      ? []
      : [{ code: "INVALID_PARAMETERS", severity: "error", rule: "join-keys", ...problem }];
  },
  outputPorts: [
    output(
      "result",
      "Result",
      "array",
      "The joined records, in the order of the left side (right: of the right side). Fields of a side without a match are null.",
    ),
    output("count", "Count", "number", "How many records there are."),
    output("unmatchedLeft", "Unmatched Left", "number", "Rows of the left side without a match."),
    output("unmatchedRight", "Unmatched Right", "number", "Rows of the right side without a match."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [rowsLimit],
} as const satisfies NodeType;
