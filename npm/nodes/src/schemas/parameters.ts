/** Schemas of parameters for editors: what a form or a flow may hold, checked at once and one parameter at a time. */
import { NEVER, object, unknown, type ZodDefault, type ZodObject, type ZodOptional, type ZodType } from "zod";

import { LazyMap } from "../data/lazy-map.js";
import type { NodeType, ParameterSchema } from "../definition/node-type.js";
import {
  addressFault,
  closedAddressFault,
  type Fault,
  headersFault,
  holdsExpression,
  textFault,
} from "../definition/written.js";
import { withMs } from "../library/durations.js";
import { fromJSONSchema, withoutEval } from "../library/json-schema.js";
import { requiredMessage } from "../library/required-message.js";
import { type LibraryTypes, nodeTypes } from "../types/definitions.js";
import { methodFault } from "../types/http-request/method.js";
import type { ParametersByType } from "../types/parameters.js";

/** How closely parameters are looked at. */
export interface NodeSchemaOptions {
  /**
   * Whether only values pass that an executable of any version takes: no expressions, no durations as text, and of the
   * methods of `http-request` not `PATCH`. Default `false`.
   */
  strict?: boolean;
}

type LibraryType = keyof LibraryTypes;
type RequiredOf<Type extends LibraryType> = LibraryTypes[Type]["parameterSchema"] extends {
  required: readonly (infer Name)[];
}
  ? Name
  : never;

/** The schema of a type's parameters. What it gives are the parameters as the executable gets them. */
export type NodeSchema<Type extends LibraryType> = ZodObject<{
  [Name in keyof ParametersByType[Type]]-?: Name extends RequiredOf<Type>
    ? ZodType<ParametersByType[Type][Name]>
    : object extends Pick<ParametersByType[Type], Name>
      ? ZodOptional<ZodType<Exclude<ParametersByType[Type][Name], undefined>>>
      : ZodDefault<ZodType<Exclude<ParametersByType[Type][Name], undefined>>>;
}>;

/** The schema of the parameters of any type. */
export type AnyNodeSchema = ZodObject<Record<string, ZodType>>;

/** What a value must be beside what the engine's schema says. */
type Rule = (value: unknown) => Fault | undefined;

const RULES: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  "http-request": { url: addressFault, headers: headersFault, method: methodFault },
  "file-system": { content: textFault },
};

const STRICT_RULES: typeof RULES = {
  ...RULES,
  "http-request": {
    ...RULES["http-request"],
    url: closedAddressFault,
    method: (method) =>
      ["GET", "POST", "PUT", "DELETE"].includes(method as string)
        ? undefined
        : { path: [], message: `Must be GET, POST, PUT or DELETE, found ${String(method)}` },
  },
};

/** What the schemas of earlier versions put in; nodes know better, by the end of a file's name. */
const PRESETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { spreadsheet: { delimiter: "," } };

/** The schemas by type, made when the map is first looked at. */
export const nodeSchemaRegistry: Map<string, AnyNodeSchema> = /* @__PURE__ */ new LazyMap(() =>
  Array.from(nodeTypes.values(), (nodeType) => [nodeType.type, schemaOf(nodeType)] as const),
);

/**
 * The schema of a type's parameters: unknown parameters are dropped, durations become ms, defaults are put in. A parameter with
 * an expression in it passes as it is, because its value is only known, and checked, when the node runs.
 */
export function parametersSchema<Type extends LibraryType>(type: Type): NodeSchema<Type> {
  return nodeSchemaRegistry.get(type) as unknown as NodeSchema<Type>;
}

/** The schema of a type's parameters; `undefined` for a type this library does not have. See {@link parametersSchema}. */
export function getNodeSchema<Type extends LibraryType>(type: Type, options?: NodeSchemaOptions): NodeSchema<Type>;
export function getNodeSchema(type: string, options?: NodeSchemaOptions): AnyNodeSchema | undefined;
export function getNodeSchema(type: string, options: NodeSchemaOptions = {}): AnyNodeSchema | undefined {
  if (!options.strict) return nodeSchemaRegistry.get(type);
  const nodeType = nodeTypes.get(type);
  return nodeType && schemaOf(nodeType, options);
}

function schemaOf({ type, parameterSchema }: NodeType, { strict = false }: NodeSchemaOptions = {}): AnyNodeSchema {
  const { properties, required = [] } = parameterSchema;
  const rules = (strict ? STRICT_RULES : RULES)[type] ?? {};
  const shape = Object.entries(properties).map(([name, schema]) => {
    const value = valueSchema(schema, rules[name], strict);
    if (required.includes(name)) return [name, value] as const;
    const preset = schema.default === undefined ? PRESETS[type]?.[name] : schema.default;
    return [name, preset === undefined ? value.optional() : value.default(() => structuredClone(preset))] as const;
  });
  return withoutEval(() => object(Object.fromEntries(shape)));
}

/** One parameter. What the engine's schema says of it is compiled when it is first checked. */
function valueSchema(schema: ParameterSchema, rule: Rule | undefined, strict: boolean): ZodType {
  let check: ZodType | undefined;
  return unknown().transform((given, context) => {
    if (!strict && holdsExpression(given)) return given;
    check ??= withoutEval(() => fromJSONSchema(schema as Parameters<typeof fromJSONSchema>[0]));
    const value = strict ? given : withMs(schema, given);
    const result = check.safeParse(value);
    for (const issue of result.error?.issues ?? []) {
      const message = requiredMessage(schema, issue.path, issue.code);
      context.issues.push({ ...issue, input: value, ...(message !== undefined && { message }) } as never);
    }
    const fault = result.success ? rule?.(value) : undefined;
    if (fault !== undefined)
      context.issues.push({ code: "custom", path: [...fault.path], message: fault.message, input: value });
    return result.success && fault === undefined ? result.data : NEVER;
  });
}
