import type { ParameterSchema } from "./node-type.js";

/** Parameters of nodes that bring rows into memory. */
export const answerParameters = {
  maxRows: {
    type: "integer",
    minimum: 1,
    default: 1_000_000,
    description: "The most rows that may come back.",
  },
  maxBytes: {
    type: "integer",
    minimum: 1,
    default: 268_435_456,
    "x-unit": "bytes",
    description: "The most bytes that these rows may take in memory, by estimate: 2 a character, 16 a value.",
  },
} as const satisfies Record<string, ParameterSchema>;
