import { type NodeType, output, type ParameterProblem, sharedParameters } from "../../definition/node-type.js";
import { otherRowsInputs, rowsInput } from "../../definition/rows.js";

/** What is wrong with the parameters that say how many rows; `undefined` where nothing is. */
export function amountProblem(parameters: {
  count?: unknown;
  fraction?: unknown;
  step?: unknown;
  method?: unknown;
}): { path: string; message: string } | undefined {
  const { count, fraction, step, method } = parameters;
  const given = Object.entries({ count, fraction, step }).filter(([, value]) => value !== undefined);
  if (step !== undefined && method !== "every") {
    return { path: "/step", message: "`step` goes with `method: every` alone; say `count` or `fraction`" };
  }
  if (given.length === 1) return undefined;
  const names = method === "every" ? "`count`, `fraction` or `step`" : "`count` or `fraction`";
  return given.length === 0
    ? { path: "", message: `Say how many rows to take with ${names}` }
    : {
        path: `/${given[1]?.[0]}`,
        message: `Give only one of ${names}, found ${given.map(([name]) => `\`${name}\``).join(" and ")}`,
      };
}

/** Takes some of the rows. */
export const sample = {
  type: "sample",
  name: "Sample",
  description: "Takes some of the rows: the first, the last, random ones or every nth.",
  category: "data",
  icon: "dices",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      method: {
        type: "string",
        enum: ["first", "last", "random", "every"],
        default: "first",
        description:
          "Which rows: the first, the last, random ones (each no more than once), or rows at even distances from the first on. They keep their order.",
      },
      count: { type: "integer", minimum: 0, description: "How many rows to take; all of them where there are fewer." },
      fraction: {
        type: "number",
        minimum: 0,
        maximum: 1,
        description: "How many rows to take, as a part of all of them, rounded to the nearest number of rows.",
        examples: [0.1],
      },
      step: { type: "integer", minimum: 1, description: "every: the distance of two rows; 10 takes every tenth." },
      seed: {
        type: "integer",
        default: 1,
        "x-when": { method: ["random"] },
        description: "random: with the same seed the same rows are taken from the same number of rows.",
      },
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  problems: (parameters): ParameterProblem[] => {
    const problem = amountProblem(parameters);
    return problem === undefined
      ? []
      : [{ code: "INVALID_PARAMETERS", severity: "error", rule: "sample-size", ...problem }];
  },
  outputPorts: [
    output("result", "Result", "array", "The rows that were taken, each as it came."),
    output("count", "Count", "number", "How many rows were taken."),
    output("total", "Total", "number", "How many rows came in."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
