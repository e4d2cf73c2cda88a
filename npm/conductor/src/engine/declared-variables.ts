/** What flows say of their variables. */
import { isObject } from "@atomiton/values";

import { suggestion } from "../expressions/failure.js";
import type { NodeDefinition } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { errorsFirst } from "./parameter-problems.js";

/** What a flow says of a variable. */
export interface VariableDeclaration {
  type?: unknown;
  defaultValue?: unknown;
  description?: unknown;
  /** All values that it may have. */
  enum?: unknown;
  /** Whether a run without a value for it is refused; a default is one. */
  required?: unknown;
}

const KEYS: readonly string[] = ["type", "defaultValue", "description", "enum", "required"];

/** The types that a declaration may name. */
export const VARIABLE_TYPES: readonly string[] = ["string", "number", "integer", "boolean", "array", "object"];

/** What the flow says of each of its variables; of one that is given as its value alone, that. */
export function declaredVariables({ variables }: Partial<NodeDefinition>): Map<string, VariableDeclaration> {
  if (!isObject(variables)) return new Map();
  return new Map(
    Object.entries(variables).map(([name, declared]) => [
      name,
      isDeclaration(declared) ? declared : { defaultValue: declared ?? undefined },
    ]),
  );
}

/** Whether this says what a variable is, rather than being its value. */
export function isDeclaration(value: unknown): value is VariableDeclaration {
  if (!isObject(value) || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 0 || keys.some((key) => KEYS.includes(key));
}

/** Whether a value is of a type; any text that is no type says nothing that could be checked. */
export function isOfType(value: unknown, type: unknown): boolean {
  if (!VARIABLE_TYPES.includes(type as string)) return true;
  return type === "integer" ? Number.isInteger(value) : typeName(value) === type;
}

/** The type of a value, as declarations name it. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** The values that a declaration allows; `undefined` where it allows all. */
export function choicesOf({ enum: choices }: VariableDeclaration): readonly unknown[] | undefined {
  return Array.isArray(choices) && choices.length > 0 ? choices : undefined;
}

/** Whether a value is one of those that are allowed. */
export function isAmong(choices: readonly unknown[], value: unknown): boolean {
  return choices.some((choice) => JSON.stringify(choice) === JSON.stringify(value));
}

/** The problems of a flow, errors first, with what is doubtful about what it says of its variables. */
export function withVariableProblems(problems: FlowProblem[], flow: NodeDefinition): FlowProblem[] {
  if (!isObject(flow?.variables) || problems.some(({ rule }) => rule === "limit")) return problems;
  const found = Object.entries(flow.variables).flatMap(([name, declared]) =>
    (isDeclaration(declared) ? doubtsOf(declared) : doubtsOfValue(declared)).map((doubt) =>
      problemOf(flow, name, doubt),
    ),
  );
  return errorsFirst(problems, found);
}

/** What is doubtful, with the key that it is about. */
type Doubt = readonly [key: string, message: string];

/** An object as the value of a variable, each of whose keys looks like one that would declare something. */
function doubtsOfValue(value: unknown): Doubt[] {
  const keys = isObject(value) && !Array.isArray(value) ? Object.keys(value) : [];
  if (!keys.every((key) => meantBy(key) !== "")) return [];
  return keys.map((key) => [key, `is this object, since no key of it declares anything.${meantBy(key)}`]);
}

/** A hint which key of a declaration is meant; empty where none is close. */
function meantBy(key: string): string {
  return key === "default" ? " Did you mean `defaultValue`?" : suggestion(key, KEYS);
}

function doubtsOf(declared: VariableDeclaration): Doubt[] {
  const { type, defaultValue, enum: choices, required } = declared;
  const doubts: Doubt[] = Object.keys(declared)
    .filter((key) => !KEYS.includes(key) && !key.startsWith("x-"))
    .map((key) => [key, `has no key \`${key}\`, which means nothing.${meantBy(key) || ` Known: ${KEYS.join(", ")}`}`]);
  if (type !== undefined && !VARIABLE_TYPES.includes(type as string)) {
    const meant = typeof type === "string" ? suggestion(type, VARIABLE_TYPES) : "";
    const shown = JSON.stringify(type);
    doubts.push(["type", `has the type ${shown}, which is not checked.${meant} Checked: ${VARIABLE_TYPES.join(", ")}`]);
  }
  if (choices !== undefined && choicesOf(declared) === undefined) {
    doubts.push(["enum", "allows nothing by its `enum`, which must be a list with something in it, and is ignored"]);
  }
  if (required !== undefined && typeof required !== "boolean") {
    doubts.push(["required", "has a `required` that is neither true nor false, and is ignored"]);
  }
  if (defaultValue === undefined || defaultValue === null) return doubts;
  const allowed = choicesOf(declared);
  if (!isOfType(defaultValue, type)) {
    doubts.push(["defaultValue", `is of type \`${type}\`, and its default is of type ${typeName(defaultValue)}`]);
  } else if (allowed !== undefined && !isAmong(allowed, defaultValue)) {
    doubts.push(["defaultValue", "has a default that its `enum` does not allow"]);
  }
  return doubts;
}

function problemOf({ id }: NodeDefinition, name: string, [key, message]: Doubt): FlowProblem {
  const [at, of] = [name, key].map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1"));
  return {
    code: "VALIDATION_FAILED",
    severity: "warning",
    rule: "variable-declaration",
    path: `/variables/${at}/${of}`,
    message: `The variable \`${name}\` ${message}`,
    nodeId: id,
  };
}
