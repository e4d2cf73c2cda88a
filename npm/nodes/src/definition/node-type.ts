/** The part of JSON Schema in which parameters are described. */
export interface ParameterSchema {
  type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  description?: string;
  enum?: readonly (string | number | boolean | null)[];
  required?: readonly string[];
  properties?: Readonly<Record<string, ParameterSchema>>;
  items?: ParameterSchema;
  anyOf?: readonly ParameterSchema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  default?: unknown;
  /** What to say instead of the general message when the value is missing or empty. */
  "x-required-message"?: string;
}

/** A place where values enter or leave a node. */
export interface NodePort {
  id: string;
  name: string;
  type: "input" | "output";
  dataType: "any" | "array" | "object" | "string" | "number" | "boolean";
  required: boolean;
  multiple: boolean;
  description?: string;
}

/** All that is known of a type of node before it runs. */
export interface NodeType {
  type: string;
  name: string;
  description: string;
  category: string;
  icon: string;
  /** Describes the parameters; `default` gives what a missing one is taken as. */
  parameterSchema: ParameterSchema & { type: "object"; properties: Readonly<Record<string, ParameterSchema>> };
  inputPorts: readonly NodePort[];
  outputPorts: readonly NodePort[];
}

/** Parameters that every type takes. */
export const sharedParameters = {
  enabled: { type: "boolean", default: true, description: "A disabled node is skipped and passes its input on." },
  timeout: { type: "number", minimum: 1, default: 30000, description: "Time limit in ms." },
  retries: { type: "integer", minimum: 0, default: 1, description: "Further attempts after a failure, if set." },
  label: { type: "string" },
  description: { type: "string" },
} as const satisfies Record<string, ParameterSchema>;

/** An input port. */
export function input(id: string, name: string, dataType: NodePort["dataType"], required = false): NodePort {
  return { id, name, type: "input", dataType, required, multiple: false };
}

/** An output port. */
export function output(id: string, name: string, dataType: NodePort["dataType"]): NodePort {
  return { id, name, type: "output", dataType, required: false, multiple: false };
}

/** The values that parameters have when none are given. */
export function defaultsOf(nodeType: NodeType): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(nodeType.parameterSchema.properties)) {
    if (schema.default !== undefined) defaults[key] = structuredClone(schema.default);
  }
  return defaults;
}
