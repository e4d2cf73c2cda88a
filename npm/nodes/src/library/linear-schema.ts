/** Schemas whose patterns take time that grows with the text alone, whatever the text is. */
import type { ZodType } from "zod";
import { NodeError } from "../contract/error.js";
import { isPlainObject, type PlainObject } from "../data/input.js";
import { type LinearPattern, linearPattern } from "../data/linear-pattern.js";
import { compiledSchema } from "./compiled-schema.js";

/** Keywords whose value is a schema for each name. */
const MAPS: ReadonlySet<string> = new Set([
  ...["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"],
]);
/** Keywords whose value is no schema. */
const DATA: ReadonlySet<string> = new Set(["enum", "const", "default", "examples"]);

/** Tells whether text fits. */
type Fits = (text: string) => boolean;

/** The part of a check of zod that is exchanged. It is read whenever the check is carried out. */
interface PatternCheck {
  type?: string;
  format?: string;
  /** Of a schema that refers to one that it is in. */
  getter?(): unknown;
  pattern?: { source: string; lastIndex: number; test: Fits; toString(): string };
}

/**
 * A JSON Schema as a check. Its patterns, which zod would give to the engine of JavaScript, go to the linear one.
 *
 * @throws NodeError INVALID_PARAMETERS for a pattern that is too large, or would not be checked; what zod throws for a schema
 *   that it cannot read
 */
export async function linearSchema(schema: PlainObject): Promise<ZodType> {
  const checked = structuredClone(schema);
  const patterns = new Map<string, Fits>();
  for (const part of partsOf(checked)) {
    const named = isPlainObject(part["patternProperties"]) ? Object.keys(part["patternProperties"]) : [];
    const own = typeof part["pattern"] === "string" && part["pattern"] !== "" ? [part["pattern"]] : [];
    const compiled: LinearPattern[] = [];
    for (const source of [...named, ...own]) {
      const pattern = await linearPattern(source);
      patterns.set(sourceOf(source), (text) => pattern.isIn(text));
      compiled.push(pattern);
    }
    if (named.length > 0) describeOthers(part, compiled.slice(0, named.length), patterns);
  }
  const type = await compiledSchema(checked);
  const left = new Set(patterns.keys());
  exchange(type, patterns, left);
  if (left.size > 0) {
    const shown = [...left].map((source) => `\`${source}\``).join(", ");
    throw new NodeError(
      "INVALID_PARAMETERS",
      `The pattern ${shown} would not be checked where it stands: patterns are checked beside \`type: string\`, and in definitions that are used`,
    );
  }
  return type;
}

/**
 * Fields that are neither named nor fit a pattern become those of one more pattern, since zod looks at them either with an
 * engine that cannot be exchanged, or not at all.
 */
function describeOthers(schema: PlainObject, named: readonly LinearPattern[], patterns: Map<string, Fits>): void {
  const { additionalProperties, patternProperties, properties = {} } = schema;
  delete schema["additionalProperties"];
  if (additionalProperties === undefined || additionalProperties === true) return;
  const others = `others ${patterns.size}`;
  const fits: Fits = (name) =>
    !Object.hasOwn(properties as PlainObject, name) && !named.some((pattern) => pattern.isIn(name));
  patterns.set(others, fits);
  const described = additionalProperties === false ? { not: {} } : additionalProperties;
  schema["patternProperties"] = { ...(patternProperties as PlainObject), [others]: described };
}

/** A schema with all that are in it, from the outside to the inside. */
function partsOf(schema: PlainObject): PlainObject[] {
  const parts: PlainObject[] = [];
  const waiting: unknown[] = [schema];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Array.isArray(next)) waiting.push(...(next as unknown[]));
    if (!isPlainObject(next)) continue;
    parts.push(next);
    for (const [keyword, value] of Object.entries(next)) {
      if (MAPS.has(keyword) && isPlainObject(value)) waiting.push(...Object.values(value));
      else if (!DATA.has(keyword) && typeof value === "object" && value !== null) waiting.push(value);
    }
  }
  return parts;
}

/** A pattern as it is written by the regular expression that zod makes of it. */
function sourceOf(pattern: string): string {
  return new RegExp(pattern).source;
}

/** Exchanges the patterns of all checks that a check consists of. */
function exchange(type: ZodType, patterns: ReadonlyMap<string, Fits>, left: Set<string>): void {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [type];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    if (Array.isArray(next)) {
      waiting.push(...(next as unknown[]));
      continue;
    }
    const def = (next as { _zod?: { def?: PatternCheck } })._zod?.def;
    if (def === undefined) {
      if (isPlainObject(next)) waiting.push(...Object.values(next));
      continue;
    }
    const { format, pattern } = def;
    if (format === "regex" && pattern !== undefined) {
      const { source } = pattern;
      const test = patterns.get(source);
      if (test !== undefined) {
        def.pattern = { source, lastIndex: 0, test, toString: () => `/${source}/` };
        left.delete(source);
      }
    }
    waiting.push(...Object.values(def));
    if (def.type === "lazy") waiting.push(def.getter?.());
  }
}
