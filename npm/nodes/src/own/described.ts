/** What validation and editors are told of the schemas of own node types. */

import { closeNames, namesText } from "../contract/close-names.js";
import { NodeError } from "../contract/error.js";
import { isPlainObject, type PlainObject } from "../data/input.js";
import type { NodeType, ParameterSchema } from "../definition/node-type.js";
import { sharedParameters } from "../definition/node-type.js";
import { type AnySchema, isStandard, type JsonSchema } from "./schema.js";

/** Keywords that validation of flows checks as well. */
const IN_FLOWS = [
  ...["type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items", "minItems"],
  ...["maxItems", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength"],
];
/** Keywords that say nothing about validity. */
const NOTES = ["default", "title", "description", "examples", "deprecated", "$schema", "$id", "$comment"];
/** Keywords of JSON Schema that are checked; any other is refused, so that no rule only looks as if it were checked. */
const CHECKED = new Set([...IN_FLOWS, ...NOTES, "exclusiveMaximum", "multipleOf", "pattern", "format"]);

/** Keys of the context, which lie beside the parameters. */
export const CONTEXT_KEYS: ReadonlySet<string> = new Set([
  "nodeId",
  "executionId",
  "variables",
  "input",
  "parentContext",
  "slowMo",
  "debug",
]);

/** A schema of parameters as the engine and editors read it, and the names in it. */
export interface DescribedParameters {
  schema: NodeType["parameterSchema"];
  /** Names that the author's schema knows; `undefined` where it does not say. */
  names: ReadonlySet<string> | undefined;
  /** Whether the node may read other parameters than those: the schema says so or has several forms, or the type has no schema. */
  isOpen: boolean;
}

/**
 * Describes the parameters of a type: what a flow's validation can check of them, with the parameters of every type.
 *
 * @throws NodeError INVALID_PARAMETERS for a keyword that is not checked, and for parameters named as a key of the context
 */
export function describeParameters(type: string, schema: AnySchema | undefined): DescribedParameters {
  const written = schema === undefined ? {} : jsonSchemaOf(type, schema, "parameters");
  const names = schema === undefined ? new Set<string>() : written && namesIn(written);
  for (const name of names ?? []) {
    if (!CONTEXT_KEYS.has(name)) continue;
    throw refusal(
      type,
      `a parameter cannot be named \`${name}\`, which every node is given by its run; choose another name`,
    );
  }
  const { properties, anyOf, ...rest }: ParameterSchema = forFlows(written ?? {});
  return {
    schema: {
      ...rest,
      type: "object",
      properties: { ...sharedParameters, ...properties },
      // A form without further properties would refuse the shared ones.
      ...(anyOf && {
        anyOf: anyOf.map(open),
      }),
    },
    names,
    isOpen: schema === undefined || names === undefined || anyOf !== undefined || allowsMore(written ?? {}),
  };
}

/** Whether a schema says itself that there may be further properties. */
function allowsMore({ additionalProperties = false }: PlainObject): boolean {
  return additionalProperties !== false;
}

/** A form with further properties. */
function open(form: ParameterSchema): ParameterSchema {
  const { additionalProperties: _, ...rest } = form as PlainObject;
  return rest;
}

/** What is known of a schema, as JSON Schema. `undefined` where its library cannot tell. */
export function jsonSchemaOf(type: string, schema: AnySchema, place: string): PlainObject | undefined {
  if (typeof schema !== "object" || schema === null || !isStandard(schema)) {
    demandChecked(type, schema, place);
    return schema as PlainObject;
  }
  const { jsonSchema } = schema["~standard"] as { jsonSchema?: { input(options: { target: string }): unknown } };
  try {
    const found = jsonSchema?.input({ target: "draft-2020-12" });
    return isPlainObject(found) ? found : undefined;
  } catch {
    // A schema that JSON Schema has no words for; it is still checked when the node runs.
    return undefined;
  }
}

function demandChecked(type: string, schema: JsonSchema, path: string, around: readonly unknown[] = []): void {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw refusal(type, `\`${path}\` must be a schema of zod or JSON Schema`);
  }
  if (around.includes(schema)) throw refusal(type, `the schema at \`${path}\` contains itself; use one of zod for it`);
  const inside = [...around, schema];
  for (const keyword of Object.keys(schema)) {
    if (CHECKED.has(keyword) || keyword.startsWith("x-")) continue;
    const close = closeNames(keyword, CHECKED);
    const advice = close.length > 0 ? `did you mean ${namesText(close)}?` : "use a schema of zod for it";
    throw refusal(type, `the keyword \`${keyword}\` at \`${path}\` is not checked; ${advice}`);
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    demandChecked(type, inner, `${path}.${name}`, inside);
  for (const [index, inner] of (schema.anyOf ?? []).entries())
    demandChecked(type, inner, `${path}.anyOf[${index}]`, inside);
  if (schema.items !== undefined) demandChecked(type, schema.items, `${path}.items`, inside);
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object")
    demandChecked(type, additionalProperties, `${path}.additionalProperties`, inside);
}

function namesIn(schema: PlainObject): ReadonlySet<string> | undefined {
  const forms = [schema, ...(((schema["anyOf"] ?? schema["oneOf"]) as PlainObject[] | undefined) ?? [])];
  const names = forms.flatMap(({ properties }) => (isPlainObject(properties) ? Object.keys(properties) : []));
  return names.length === 0 && schema["type"] !== "object" ? undefined : new Set(names);
}

/** The part of a schema that validation of flows checks. What is left out makes it laxer, never stricter. */
function forFlows(schema: unknown): PlainObject {
  if (!isPlainObject(schema)) return {};
  const kept: PlainObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "oneOf" || keyword === "anyOf") kept["anyOf"] = (value as unknown[]).map(forFlows);
    else if (keyword === "properties") kept[keyword] = mapped(value as PlainObject);
    else if (keyword === "items") kept[keyword] = forFlows(value);
    else if (keyword === "additionalProperties") kept[keyword] = typeof value === "boolean" ? value : forFlows(value);
    else if (IN_FLOWS.includes(keyword) || keyword === "description" || keyword === "default") kept[keyword] = value;
    else if (keyword === "examples" || keyword.startsWith("x-")) kept[keyword] = value;
  }
  if ("const" in kept && "enum" in kept) delete kept["enum"];
  return kept;
}

function mapped(properties: PlainObject): PlainObject {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, forFlows(schema)]));
}

/** The error of a definition that cannot be used. */
export function refusal(type: string, why: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", `The node type \`${type}\` cannot be defined: ${why}`);
}
