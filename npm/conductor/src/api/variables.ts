/** The values that a run is given for the variables of its flow. */
import { choicesOf, declaredVariables, isAmong, isOfType, typeName } from "../engine/declared-variables.js";
import { coded } from "../engine/failure.js";
import { suggestion } from "../expressions/failure.js";
import type { NodeDefinition } from "../types/definition.js";

/** The values that a flow gives its variables: `variables: { name: { defaultValue: 5 } }`, or `{ name: 5 }` for short. */
export function defaultVariables(flow: NodeDefinition): Map<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const [name, { defaultValue }] of declaredVariables(flow ?? {})) {
    if (defaultValue !== undefined) defaults.set(name, defaultValue);
  }
  return defaults;
}

/** The variables of a run: the values that are given, and for all others those that the flow gives them. */
export function withDefaults(
  flow: NodeDefinition,
  given: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const defaults = defaultVariables(flow);
  return defaults.size === 0 ? (given ?? {}) : { ...Object.fromEntries(defaults), ...given };
}

/** A variable that was not given as its flow declares it. */
export interface VariableProblem {
  rule: "undeclared-variable" | "variable-type" | "variable-value" | "missing-variable";
  variable: string;
  message: string;
  /** Whether the flow declares a name that is close to one that it does not declare. */
  isClose?: true;
}

/** Characters of a value that a message repeats. */
const LONGEST_VALUE = 60;

/**
 * All that is wrong with the values for the variables of a flow; defaults may be among them.
 *
 * @param name of the flow
 */
export function variableProblems(
  name: string,
  flow: NodeDefinition,
  given: Readonly<Record<string, unknown>>,
): VariableProblem[] {
  const declared = declaredVariables(flow);
  const problems: VariableProblem[] = [];
  const of = (variable: string) => `The variable \`${variable}\` of the flow \`${name}\``;
  for (const [variable, declaration] of declared) {
    const { type, required, defaultValue } = declaration;
    const value = Object.hasOwn(given, variable) ? given[variable] : undefined;
    if (value === undefined) {
      if (required !== true || defaultValue !== undefined) continue;
      const message = `${of(variable)} is required, and was given no value`;
      problems.push({ rule: "missing-variable", variable, message });
      continue;
    }
    // A default that does not fit is what the flow is warned of.
    if (value === defaultValue) continue;
    const choices = choicesOf(declaration);
    if (!isOfType(value, type)) {
      const message = `${of(variable)} is of type \`${type}\`, and was given ${typeName(value)}`;
      problems.push({ rule: "variable-type", variable, message });
    }
    if (choices !== undefined && !isAmong(choices, value)) {
      const allowed = choices.map((choice) => JSON.stringify(choice)).join(", ");
      const message = `${of(variable)} must be one of ${allowed}, and was given ${shown(value)}`;
      problems.push({ rule: "variable-value", variable, message });
    }
  }
  const names = [...declared.keys()];
  for (const variable of Object.keys(given)) {
    if (declared.has(variable)) continue;
    const known =
      names.length === 0 ? "it declares none" : `it declares ${names.map((each) => `\`${each}\``).join(", ")}`;
    const hint = suggestion(variable, names);
    const message = `The flow \`${name}\` has no variable \`${variable}\`; ${known}${hint && `.${hint}`}`;
    problems.push({ rule: "undeclared-variable", variable, message, ...(hint && { isClose: true }) });
  }
  return problems;
}

/** @throws Error INVALID_PARAMETERS with the first of the problems */
export function refuseVariables([problem]: readonly VariableProblem[]): void {
  if (problem !== undefined) throw coded("INVALID_PARAMETERS", problem.message, undefined);
}

/** @throws Error INVALID_PARAMETERS for a value that an `enum` does not have, and for a variable that is required and missing */
export function demandVariables(flow: NodeDefinition, given: Readonly<Record<string, unknown>>): VariableProblem[] {
  if (declaredVariables(flow).size === 0) return [];
  const problems = variableProblems(flow.id, flow, given);
  refuseVariables(problems.filter(({ rule }) => rule === "variable-value" || rule === "missing-variable"));
  return problems;
}

/**
 * The same, and what a run is to be warned of: programs have always given values of other types, and variables that nothing declares.
 *
 * @throws Error INVALID_PARAMETERS as `demandVariables`
 */
export function warnedVariables(flow: NodeDefinition, given: Readonly<Record<string, unknown>>): VariableProblem[] {
  return demandVariables(flow, given).filter(
    ({ rule, variable }) => rule !== "undeclared-variable" || !mentions(flow, variable),
  );
}

/** What is wrong with values that a person gave: of variables that the flow does not have, those that look misspelt. */
export function wrongVariables(flow: NodeDefinition, given: Readonly<Record<string, unknown>>): VariableProblem[] {
  return variableProblems(flow.id, flow, given).filter(
    ({ rule, variable, isClose }) => rule !== "undeclared-variable" || (isClose && !mentions(flow, variable)),
  );
}

/** Whether a flow has the name of a variable anywhere in its text. */
export function mentions(flow: NodeDefinition, variable: string): boolean {
  try {
    return JSON.stringify(flow).includes(JSON.stringify(variable).slice(1, -1));
  } catch {
    // What cannot be written may hold any name.
    return true;
  }
}

/** A text that stands for a variable: as it is where the flow declares text, else JSON where it is JSON. */
export function variableOf(flow: NodeDefinition, name: string, text: string, read: (text: string) => unknown): unknown {
  const declaration = declaredVariables(flow).get(name) ?? {};
  const value = read(text);
  const isText = declaration.type === "string" || choicesOf(declaration)?.includes(text) === true;
  return isText && typeof value !== "string" ? text : value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? typeName(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1)}…`;
}
