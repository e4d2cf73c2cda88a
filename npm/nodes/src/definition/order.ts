import type { ParameterSchema } from "./node-type.js";

/** A list of fields to order rows by. */
export function orderList<const Description extends string>(description: Description) {
  return {
    type: "array",
    description,
    examples: [[{ field: "total", direction: "desc" }]],
    items: {
      type: "object",
      required: ["field"],
      properties: {
        field: { type: "string", minLength: 1, description: "The field to order by; `a.b` looks inside." },
        direction: { type: "string", enum: ["asc", "desc"], default: "asc", description: "Ascending or descending." },
        nulls: {
          type: "string",
          enum: ["first", "last"],
          default: "last",
          description:
            "Where rows without a value (missing, null, empty text) go, whatever the direction. They are equal to each other.",
        },
        as: {
          type: "string",
          enum: ["auto", "number", "text", "date"],
          default: "auto",
          description:
            "How values are compared. auto: what is or spells a number as numbers, before all text; times in ISO 8601 by their moments where all values name their zone; other text by UTF-16 code units. number: all must be or spell one. date: dates, ms since 1970, or ISO 8601 text, in UTC where it names no zone.",
        },
      },
    },
  } as const satisfies ParameterSchema;
}
