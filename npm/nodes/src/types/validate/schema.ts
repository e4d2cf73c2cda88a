/** Refuses schemas of which a part would not be checked, so that no rule only looks as if it were. */
import { closeNames, meantText } from "../../contract/close-names.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { patternProblem } from "../../data/pattern-problem.js";
import { pointerKey } from "../../data/pointer.js";

/** How deep schemas may lie inside each other. */
const DEEPEST = 32;

/** Keywords by the types that they are about: they are checked only beside one of them. */
const OF_TYPES: Readonly<Record<string, readonly string[]>> = {
  properties: ["object"],
  required: ["object"],
  additionalProperties: ["object"],
  patternProperties: ["object"],
  items: ["array"],
  minItems: ["array"],
  maxItems: ["array"],
  uniqueItems: ["array"],
  minLength: ["string"],
  maxLength: ["string"],
  pattern: ["string"],
  format: ["string"],
  minimum: ["number", "integer"],
  maximum: ["number", "integer"],
  exclusiveMinimum: ["number", "integer"],
  exclusiveMaximum: ["number", "integer"],
  multipleOf: ["number", "integer"],
};
const TYPES: ReadonlySet<string> = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
const FORMATS: ReadonlySet<string> = new Set([
  ...["date", "date-time", "time", "duration", "email", "uri", "uuid", "ipv4", "ipv6", "hostname"],
]);
const CHOICES = ["anyOf", "oneOf", "allOf"];
const VALUES = ["enum", "const"];
/** Keywords that say nothing about validity. */
const NOTES = ["default", "title", "description", "examples", "deprecated", "$schema", "$id", "$comment"];
const KNOWN: ReadonlySet<string> = new Set(["type", ...Object.keys(OF_TYPES), ...CHOICES, ...VALUES, ...NOTES]);

/** A part of a schema that is not as it must be: where, as JSON pointer into the parameters, and why. */
export interface SchemaProblem {
  path: string;
  message: string;
}

/** The first part of a schema that would not be checked; `path` is where the schema is among the parameters. */
export function schemaProblem(schema: unknown, path = "/schema"): SchemaProblem | undefined {
  return problemAt(schema, path, 0);
}

/**
 * The schema as it is checked: what is required without being described is described as anything, and notes are left
 * out, of which a default would stand in for what is missing.
 */
export function checkedSchema(schema: PlainObject): PlainObject {
  const checked: PlainObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (NOTES.includes(keyword) || keyword.startsWith("x-")) continue;
    if (CHOICES.includes(keyword)) checked[keyword] = (value as PlainObject[]).map(checkedSchema);
    else if (keyword === "items") checked[keyword] = checkedSchema(value as PlainObject);
    else if (keyword === "properties" || keyword === "patternProperties")
      checked[keyword] = mapped(value as PlainObject);
    else if (keyword === "additionalProperties" && isPlainObject(value)) checked[keyword] = checkedSchema(value);
    else checked[keyword] = value;
  }
  // Lengths of lists are checked only where their items are described.
  if ([checked["type"]].flat().includes("array")) checked["items"] ??= {};
  if (Array.isArray(checked["required"])) {
    const described = (checked["properties"] ?? {}) as PlainObject;
    const others = checked["required"].filter((name: string) => !Object.hasOwn(described, name));
    checked["properties"] = { ...described, ...Object.fromEntries(others.map((name: string) => [name, {}])) };
  }
  return checked;
}

function mapped(schemas: PlainObject): PlainObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, checkedSchema(schema as PlainObject)]),
  );
}

function problemAt(schema: unknown, path: string, depth: number): SchemaProblem | undefined {
  const refused = (message: string, below = ""): SchemaProblem => ({ path: path + below, message });
  if (!isPlainObject(schema)) return refused(`A schema must be an object, found ${foundText(schema)}`);
  if (depth > DEEPEST) return refused(`More than ${DEEPEST} schemas lie inside each other`);
  const types = typeof schema["type"] === "string" ? [schema["type"]] : (schema["type"] ?? []);
  if (!Array.isArray(types)) return refused("`type` must be a type or a list of types", "/type");
  const unknown = types.find((type) => !TYPES.has(type as string));
  if (unknown !== undefined)
    return refused(`\`type\` must be one of ${[...TYPES].join(", ")}, found ${foundText(unknown)}`, "/type");
  for (const [keyword, value] of Object.entries(schema)) {
    const message = keywordProblem(keyword, value, types as string[], schema);
    if (message !== undefined) return refused(message, `/${pointerKey(keyword)}`);
  }
  for (const [below, inner] of innerSchemas(schema)) {
    const problem = problemAt(inner, `${path}/${below}`, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function keywordProblem(
  keyword: string,
  value: unknown,
  types: readonly string[],
  schema: PlainObject,
): string | undefined {
  if (keyword.startsWith("x-") || NOTES.includes(keyword)) return undefined;
  if (!KNOWN.has(keyword)) {
    const close = closeNames(keyword, KNOWN);
    return `The keyword \`${keyword}\` is not checked${meantText(close, "; leave it out")}`;
  }
  const needed = OF_TYPES[keyword];
  if (needed !== undefined && !needed.some((type) => types.includes(type))) {
    return `\`${keyword}\` is only checked beside \`type: ${needed.join("` or `type: ")}\`; write it there`;
  }
  if (needed !== undefined && VALUES.some((name) => Object.hasOwn(schema, name))) {
    return `\`${keyword}\` is not checked beside \`enum\` or \`const\`; leave it out`;
  }
  return valueProblem(keyword, value, types);
}

function valueProblem(keyword: string, value: unknown, types: readonly string[]): string | undefined {
  const must = (what: string) => `\`${keyword}\` must be ${what}, found ${foundText(value)}`;
  switch (keyword) {
    case "properties":
    case "patternProperties":
      if (!isPlainObject(value)) return must("an object of schemas");
      return Object.hasOwn(value, "__proto__")
        ? "A field called `__proto__` cannot be checked"
        : patternsProblem(keyword, keyword === "properties" ? [] : Object.keys(value));
    case "required":
      if (!Array.isArray(value) || value.some((name) => typeof name !== "string")) return must("a list of names");
      return value.includes("__proto__") ? "A field called `__proto__` cannot be checked" : undefined;
    case "anyOf":
    case "oneOf":
    case "allOf":
      return Array.isArray(value) && value.length > 0 ? undefined : must("a list of schemas");
    case "additionalProperties":
      return typeof value === "boolean" || isPlainObject(value) ? undefined : must("true, false or a schema");
    case "uniqueItems":
      return typeof value === "boolean" ? undefined : must("true or false");
    case "pattern":
      return typeof value === "string" ? patternsProblem(keyword, [value]) : must("text");
    case "format":
      return FORMATS.has(value as string) ? undefined : must(`one of ${[...FORMATS].join(", ")}`);
    case "enum":
      if (!Array.isArray(value) || value.length === 0) return must("a list of values");
      return value.every((each) => isSimple(each, types)) ? undefined : simpleOnly(keyword, types);
    case "const":
      return isSimple(value, types) ? undefined : simpleOnly(keyword, types);
    case "items":
    case "type":
      return undefined;
    default:
      return typeof value === "number" && Number.isFinite(value) ? undefined : must("a number");
  }
}

function patternsProblem(keyword: string, patterns: readonly string[]): string | undefined {
  const problem = patterns.map(patternProblem).find((found) => found !== undefined);
  return problem && `\`${keyword}\`: ${problem}`;
}

/** Whether a value can be compared, and is of a type that the schema allows. */
function isSimple(value: unknown, types: readonly string[]): boolean {
  if (typeof value === "object" && value !== null) return false;
  const own = value === null ? ["null"] : typeof value === "number" ? ["number", "integer"] : [typeof value];
  return types.length === 0 || own.some((type) => types.includes(type));
}

function simpleOnly(keyword: string, types: readonly string[]): string {
  const kinds = types.length === 0 ? "" : ` of type ${types.join(" or ")}`;
  return `\`${keyword}\` must be of text, numbers, true, false and null${kinds}; others are not checked`;
}

/** The schemas inside a schema, with the paths to them. */
function innerSchemas(schema: PlainObject): [path: string, schema: unknown][] {
  const inner: [string, unknown][] = [];
  for (const keyword of ["properties", "patternProperties"]) {
    for (const [name, each] of Object.entries(schema[keyword] ?? {}))
      inner.push([`${keyword}/${pointerKey(name)}`, each]);
  }
  for (const keyword of CHOICES) {
    ((schema[keyword] ?? []) as unknown[]).forEach((each, at) => void inner.push([`${keyword}/${at}`, each]));
  }
  if (schema["items"] !== undefined) inner.push(["items", schema["items"]]);
  if (isPlainObject(schema["additionalProperties"]))
    inner.push(["additionalProperties", schema["additionalProperties"]]);
  return inner;
}
