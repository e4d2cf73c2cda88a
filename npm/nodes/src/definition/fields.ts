/** What a form shows for the parameters of a type. */
import type { NodeType, ParameterSchema } from "./node-type.js";

/** The kinds of controls that a form has for a field. */
export type NodeFieldControlType =
  | "text"
  | "textarea"
  | "code"
  | "json"
  | "number"
  | "boolean"
  | "select"
  | "url"
  | "password"
  | "file";

/** How a form shows one parameter. */
export interface NodeFieldConfig {
  controlType: NodeFieldControlType;
  /** A name for people. */
  label: string;
  /** A value as people write it, shown while the field is empty. */
  placeholder?: string;
  /** What the value is for. */
  helpText?: string;
  /** The values of a `select`, in the order in which they are offered. */
  options?: { value: string; label: string }[];
  /** Whether a `select` takes other values as well, which people then type. */
  isOpen?: true;
  /** Bounds of a number, and how far it goes in one step. */
  min?: number;
  max?: number;
  step?: number;
  /** Lines that a text area shows. */
  rows?: number;
  required?: boolean;
}

/** The fields of a type by the names of its parameters. */
export type NodeFieldsConfig = Record<string, NodeFieldConfig>;

/** Lines of a text area for one paragraph, and for code. */
const ROWS = { textarea: 3, json: 4, code: 8 } as const;

/** The fields of a type, made of the schema of its parameters. */
export function fieldsOf({ parameterSchema }: Pick<NodeType, "parameterSchema">): NodeFieldsConfig {
  const { properties, required = [] } = parameterSchema;
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, fieldOf(name, schema, required.includes(name))]),
  );
}

function fieldOf(name: string, schema: ParameterSchema, required: boolean): NodeFieldConfig {
  const controlType = schema["x-control"] ?? controlOf(schema);
  const { minimum, maximum, description, type } = schema;
  const example = schema.examples?.[0];
  return {
    controlType,
    label: labelOf(name),
    ...(example !== undefined && { placeholder: typeof example === "string" ? example : JSON.stringify(example) }),
    ...(description !== undefined && { helpText: description }),
    ...(controlType === "select" && {
      options: (schema.enum ?? schema.examples ?? []).map((value) => ({
        value: String(value),
        label: labelOf(String(value)),
      })),
      ...(schema.enum === undefined && { isOpen: true }),
    }),
    ...(minimum !== undefined && { min: minimum }),
    ...(maximum !== undefined && { max: maximum }),
    ...(controlType === "number" && { step: type === "integer" || schema["x-unit"] === "ms" ? 1 : 0.1 }),
    ...(controlType in ROWS && { rows: ROWS[controlType as keyof typeof ROWS] }),
    ...(required && { required }),
  };
}

function controlOf({ type, enum: values, anyOf, "x-duration": isDuration }: ParameterSchema): NodeFieldControlType {
  if (values) return "select";
  if (isDuration) return "number";
  if (type === "boolean") return "boolean";
  if (type === "number" || type === "integer") return "number";
  if (type === "string") return "text";
  // What may be text or something else, and what may be anything.
  return type === undefined && !anyOf ? "textarea" : "json";
}

/** `maxRedirects` and `left-only` as people read them. */
function labelOf(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[\s_-]+/);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ");
}
