import { input, type NodeLimit, type ParameterSchema, sameAs } from "./node-type.js";

/** The input of types that take rows. */
export const rowsInput = input("data", "Data", "array", "The rows: an array of records, or a table.", true);

/** Handles that are the same to types that take rows. */
export const otherRowsInputs = [
  input("items", "Items", "array", "The same as data."),
  input("records", "Records", "array", "The same as data."),
  ...sameAs("data", "array"),
] as const;

/** Names of fields. */
export function fieldList<const Description extends string>(description: Description, example: readonly string[]) {
  return {
    type: "array",
    items: { type: "string", minLength: 1 },
    description,
    examples: [example],
  } as const satisfies ParameterSchema;
}

/** How many rows a node gives at the most. */
export const rowsLimit = {
  what: "rows that come out",
  bound: "10,000,000",
  beyond: "MEMORY_LIMIT_EXCEEDED, before any is made",
} as const satisfies NodeLimit;

/** What counts as the same key, for descriptions of parameters; `data/key.ts` says it in full. */
export const equalKeys =
  "Numbers equal text that spells them exactly (7 and `7`, not `07`), dates their ISO text; `true` and text differ.";
