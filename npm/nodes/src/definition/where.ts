import type { ParameterSchema } from "./node-type.js";

/** A list of conditions on fields, and whether all or any of them must hold. Shared by transform and condition. */
export const whereParameters = {
  where: {
    type: "array",
    description: "Conditions on fields.",
    items: {
      type: "object",
      required: ["field", "operator"],
      properties: {
        field: { type: "string", minLength: 1 },
        operator: {
          type: "string",
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
        value: {},
      },
    },
  },
  match: { type: "string", enum: ["all", "any"], default: "all" },
} as const satisfies Record<string, ParameterSchema>;

/** Limits of user code. */
export const scriptParameters = {
  memoryLimit: {
    type: "integer",
    minimum: 1048576,
    maximum: 1073741824,
    default: 67108864,
    description: "Memory that user code may take, in bytes.",
  },
} as const satisfies Record<string, ParameterSchema>;
