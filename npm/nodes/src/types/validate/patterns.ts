/** Schemas whose patterns take time that grows with the text alone, whatever the text is. */
import type { ZodType } from "zod";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { type LinearPattern, linearPattern } from "../../data/linear-pattern.js";
import { compiledSchema } from "../../library/compiled-schema.js";
import { checkedSchema, innerSchemas } from "./schema.js";

/** Tells whether text fits. */
type Fits = (text: string) => boolean;

/** The part of a check of zod that is exchanged. It is read whenever the check is carried out. */
interface PatternCheck {
  format?: string;
  pattern?: { source: string; lastIndex: number; test: Fits; toString(): string };
}

/**
 * A schema without problems as a check. Its patterns, which zod would give to the engine of JavaScript, go to the linear one.
 *
 * @throws NodeError INVALID_PARAMETERS for a pattern that is too large
 */
export async function schemaCheck(schema: PlainObject): Promise<ZodType> {
  const checked = checkedSchema(schema);
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
  if (left.size > 0) throw new Error(`The patterns ${[...left].join(", ")} were not found in the check`);
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

function partsOf(schema: PlainObject): PlainObject[] {
  return [schema, ...innerSchemas(schema).flatMap(([, inner]) => partsOf(inner as PlainObject))];
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
  }
}
