import type { NodeLimit, ParameterSchema } from "./node-type.js";

/** A list of conditions on fields, and whether all or any of them must hold. Shared by transform and condition. */
export const whereParameters = {
  where: {
    type: "array",
    description:
      "Conditions on fields. Numbers are compared as numbers where both sides are or spell numbers, otherwise as text. Against a number, text that is no number holds for no order, and a warning says how many of the first 10,000 items that left out.",
    examples: [[{ field: "price", operator: "gt", value: 100 }]],
    items: {
      type: "object",
      required: ["field", "operator"],
      properties: {
        field: { type: "string", minLength: 1, description: "The field to look at; `a.b` looks inside." },
        operator: {
          type: "string",
          description: "How the field is compared with `value`; isEmpty and isNotEmpty take none, in takes a list.",
          enum: [
            "eq",
            "ne",
            "gt",
            "gte",
            "lt",
            "lte",
            "contains",
            "startsWith",
            "endsWith",
            "isEmpty",
            "isNotEmpty",
            "in",
          ],
        },
        value: { description: "What the field is compared with." },
      },
    },
  },
  match: {
    type: "string",
    enum: ["all", "any"],
    default: "all",
    description: "Whether all conditions of `where` must hold, or any of them.",
  },
} as const satisfies Record<string, ParameterSchema>;

/** Limits of user code. */
export const scriptParameters = {
  memoryLimit: {
    type: "integer",
    minimum: 1048576,
    maximum: 1073741824,
    default: 67108864,
    "x-unit": "bytes",
    description: "Memory that user code may take.",
  },
} as const satisfies Record<string, ParameterSchema>;

/** What user code may take, whichever parameter holds it. */
export const scriptLimits: readonly NodeLimit[] = [
  {
    what: "time of user code",
    bound: "the node's `timeout`, else 5 s",
    beyond: "TIMEOUT; its thread is ended if need be",
  },
  { what: "memory of user code", bound: "64 MiB; `memoryLimit`, at most 1 GiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
  { what: "values that user code answers", bound: "10,000,000", beyond: "MEMORY_LIMIT_EXCEEDED" },
];
