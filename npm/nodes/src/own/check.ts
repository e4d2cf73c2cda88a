/** Checks values against the schemas of own node types, when a node runs. */
import { NodeError, type NodeErrorCode } from "../contract/error.js";
import { type Issue, issueSentences } from "../contract/issues.js";
import { durationMs } from "../data/duration.js";
import { isPlainObject, type PlainObject } from "../data/input.js";
import { after } from "../library/after.js";
import { compiledSchema } from "../library/compiled-schema.js";
import { type AnySchema, isStandard, type JsonSchema } from "./schema.js";

interface StandardIssue extends Omit<Issue, "path"> {
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type Result = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** What a check comes to. */
export type Checked = { value: unknown } | { error(code: NodeErrorCode, subject: string): NodeError };

/** The value after the check, with defaults, or what is wrong with it. */
export function check(schema: AnySchema, given: unknown): Checked | Promise<Checked> {
  const result = isStandard(schema)
    ? (schema["~standard"].validate(given) as Result | PromiseLike<Result>)
    : checkJson(schema, given);
  return after(result, (found) => checkedOf(found, given));
}

function checkedOf(result: Result, given: unknown): Checked {
  if (result.issues === undefined) return { value: result.value };
  const issues = result.issues.map(
    (issue): Issue => ({ ...issue, path: issue.path?.map(keyOf), message: issue.message }),
  );
  return {
    error: (code, subject) =>
      new NodeError(code, `${subject}: ${issueSentences(issues, given)}`, {
        cause: Object.assign(new Error(subject), { issues }),
      }),
  };
}

/** Durations among the parameters in ms; other values are left for the schema to judge. */
function inMs(schema: JsonSchema, given: unknown): unknown {
  if (!isPlainObject(given)) return given;
  const read: PlainObject = { ...given };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = read[name];
    if (property["x-duration"] === true && typeof value === "string") read[name] = durationMs(value) ?? value;
  }
  return read;
}

function checkJson(schema: JsonSchema, given: unknown): Result | Promise<Result> {
  return after(compiledSchema(schema), (compiled): Result => {
    const result = compiled.safeParse(inMs(schema, given));
    return result.success ? { value: result.data } : { issues: result.error.issues as readonly StandardIssue[] };
  });
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey {
  return typeof segment === "object" ? segment.key : segment;
}
