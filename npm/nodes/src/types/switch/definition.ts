import { patternProblem } from "../../data/pattern-problem.js";
import {
  input,
  type NodeType,
  output,
  type ParameterProblem,
  type ParameterSchema,
  sameAsData,
  sharedParameters,
} from "../../definition/node-type.js";
import { whereParameters } from "../../definition/where.js";

const bound = (words: string) =>
  ({
    anyOf: [{ type: "number" }, { type: "string", minLength: 1 }],
    description: `The value is ${words} this; as numbers where both sides are or spell numbers, otherwise as text.`,
  }) as const satisfies ParameterSchema;

/** Chooses among many ways. */
export const switchType = {
  type: "switch",
  name: "Switch",
  description: "Sends its input, or each of its items, the way of the case that it fits.",
  category: "logic",
  icon: "route",
  parameterSchema: {
    type: "object",
    required: ["cases"],
    properties: {
      ...sharedParameters,
      value: {
        description: "What the cases are compared with, mostly an expression; without it and `field`, the data itself.",
        examples: ["\u0024{{ data.country }}"],
      },
      field: { type: "string", minLength: 1, description: "The field of the data that the cases are compared with." },
      cases: {
        type: "array",
        description: "The ways. A case fits where all that it asks holds; it has to ask something.",
        examples: [[{ handle: "large", gte: 100 }]],
        items: {
          type: "object",
          required: ["handle"],
          properties: {
            handle: {
              type: "string",
              minLength: 1,
              description: "The `sourceHandle` of the edges that it leads to, in your words; `error` is taken.",
            },
            equals: { description: "The value is this; numbers equal every spelling of themselves." },
            in: { type: "array", description: "The value is one of these." },
            matches: {
              type: "string",
              minLength: 1,
              description:
                "The value, as text, has a match of this regular expression. Groups cannot be referred back to, and nothing looks ahead or behind.",
              examples: ["^INV-\\d+$"],
            },
            ignoreCase: { type: "boolean", description: "matches: whether upper and lower case are the same." },
            gt: bound("greater than"),
            gte: bound("greater than or equal to"),
            lt: bound("less than"),
            lte: bound("less than or equal to"),
            where: { ...whereParameters.where, description: "Conditions on fields of the data, all of which hold." },
          },
        },
      },
      all: {
        type: "boolean",
        default: false,
        description: "Whether the handles of all cases fire that fit, instead of the first one's.",
      },
      fallback: {
        type: "string",
        enum: ["default", "fail", "ignore"],
        default: "default",
        description:
          "What happens where no case fits: the handle `default` fires, with a warning where no edge leaves by it; the node fails; or it is left out.",
      },
      perItem: {
        type: "boolean",
        default: false,
        description: "Whether a list is split: each handle brings the items that fit it, in their order.",
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What is looked at, and handed on.")],
  otherInputs: [
    input("item", "Item", "any", "The same as data."),
    input("value", "Value", "any", "The same as data."),
    ...sameAsData,
  ],
  hasOpenInputs: true,
  hasOpenOutputs: true,
  handles: ({ cases, fallback }) => (Array.isArray(cases) ? handlesOf(cases, fallback) : undefined),
  routed: true,
  problems: ({ cases }) => (Array.isArray(cases) ? cases.flatMap(problemsOfCase) : []),
  outputPorts: [
    output(
      "default",
      "Default",
      "any",
      "The data where no case fits, or the items that fit none, unless `fallback` says otherwise. Edges without a handle leave here.",
    ),
  ],
  otherOutputs: [
    output("handles", "Handles", "array", "The handles that fired."),
    output(
      "value",
      "Value",
      "any",
      "The data; with `perItem` an object with the items of each handle, an empty list where it has none.",
    ),
  ],
  touches: [],
  effects: "none",
  limits: [
    {
      what: "regular expressions",
      bound: "1,000 characters, 2,000 steps; text of 100,000 characters, less for long patterns",
      beyond: "INVALID_PARAMETERS; EXECUTION_FAILED for the text",
    },
  ],
} as const satisfies NodeType;

/** The ways out that cases name, and that of what fits none, if there is one; `undefined` where one of them is an expression. */
function handlesOf(cases: readonly unknown[], fallback: unknown): string[] | undefined {
  const handles = cases.map((each) => (each as { handle?: unknown } | null)?.handle);
  const known = handles.filter((handle) => typeof handle === "string" && !handle.includes("\u0024{{")) as string[];
  if (known.length < handles.length || known.length === 0) return undefined;
  const hasDefault = fallback !== "fail" && fallback !== "ignore";
  return [...new Set([...known, ...(hasDefault ? ["default"] : [])])];
}

/** What a case may ask of the value. */
export const TESTS = ["equals", "in", "matches", "gt", "gte", "lt", "lte", "where"] as const;

function problemsOfCase(each: unknown, index: number): ParameterProblem[] {
  if (typeof each !== "object" || each === null) return [];
  const found = problemOfCase(each as Record<string, unknown>);
  if (found === undefined) return [];
  const { key, message, rule } = found;
  const path = `/cases/${index}${key === undefined ? "" : `/${key}`}`;
  return [{ code: "INVALID_PARAMETERS", severity: "error", rule, path, message: `\`cases[${index}]\`: ${message}` }];
}

/** Why a case cannot be carried out, and under which key. */
export function problemOfCase(
  each: Record<string, unknown>,
): { key?: string; message: string; rule: string } | undefined {
  const { handle, matches } = each;
  if (handle === "error") {
    const message = "the handle `error` carries the failure of a node; choose another name";
    return { key: "handle", rule: "handle-taken", message };
  }
  if (!TESTS.some((test) => Object.hasOwn(each, test) && each[test] !== undefined)) {
    const allowed = TESTS.map((test) => `\`${test}\``).join(", ");
    return { rule: "case-without-test", message: `it asks nothing; give it one of ${allowed}` };
  }
  if (typeof matches !== "string" || matches.includes("\u0024{{")) return undefined;
  const message = patternProblem(matches);
  return message === undefined ? undefined : { key: "matches", rule: "pattern-syntax", message };
}
