import { compareWholes } from "./decimal.js";
import { fieldOf, isEmpty, numberOf, textOf } from "./field.js";

/** A condition on one field. */
export interface Condition {
  field: string;
  operator:
    | "eq"
    | "ne"
    | "gt"
    | "gte"
    | "lt"
    | "lte"
    | "contains"
    | "startsWith"
    | "endsWith"
    | "isEmpty"
    | "isNotEmpty"
    | "in";
  value?: unknown;
}

/** Conditions of which all, or any, must hold. */
export interface Where {
  where: readonly Condition[];
  match: "all" | "any";
}

/**
 * A test of items. Numbers equal every spelling of themselves and text equals itself; order is numeric where both sides
 * are or spell numbers, otherwise that of text; an empty value is neither above nor below anything.
 */
export function predicateOf({ where, match }: Where): (item: unknown) => boolean {
  const tests = where.map((condition) => {
    const holds = testOf(condition);
    return (item: unknown): boolean => holds(fieldOf(item, condition.field));
  });
  return match === "any" ? (item) => tests.some((holds) => holds(item)) : (item) => tests.every((holds) => holds(item));
}

/** The conditions as the native library reads them. */
export function whereJson({ where, match }: Where): string {
  const conditions = where.map((condition) =>
    ["contains", "startsWith", "endsWith"].includes(condition.operator)
      ? { ...condition, value: textOf(condition.value) }
      : condition,
  );
  return JSON.stringify({ where: conditions, match });
}

function testOf({ operator, value: operand }: Condition): (value: unknown) => boolean {
  const text = textOf(operand);
  switch (operator) {
    case "eq":
      return equalTo(operand);
    case "ne": {
      const equals = equalTo(operand);
      return (value) => !equals(value);
    }
    case "in": {
      const tests = Array.isArray(operand) ? operand.map(equalTo) : [];
      return (value) => tests.some((equals) => equals(value));
    }
    case "gt":
      return ordered(operand, (order) => order > 0);
    case "gte":
      return ordered(operand, (order) => order >= 0);
    case "lt":
      return ordered(operand, (order) => order < 0);
    case "lte":
      return ordered(operand, (order) => order <= 0);
    case "contains":
      return (value) =>
        Array.isArray(value) ? value.some((item) => textOf(item) === text) : textOf(value).includes(text);
    case "startsWith":
      return (value) => textOf(value).startsWith(text);
    case "endsWith":
      return (value) => textOf(value).endsWith(text);
    case "isEmpty":
      return isEmpty;
    case "isNotEmpty":
      return (value) => !isEmpty(value);
  }
}

function equalTo(operand: unknown): (value: unknown) => boolean {
  if (typeof operand === "number") {
    return (value) => numberOf(value) === operand && compareWholes(value, operand) === 0;
  }
  const text = textOf(operand);
  return (value) => textOf(value) === text;
}

function ordered(operand: unknown, holds: (order: number) => boolean): (value: unknown) => boolean {
  const [number, text] = [numberOf(operand), textOf(operand)];
  return (value) => {
    if (isEmpty(value)) return false;
    const own = number === undefined ? undefined : numberOf(value);
    if (own !== undefined && number !== undefined) return holds(own - number || compareWholes(value, operand));
    if (typeof operand === "number") return false;
    const other = textOf(value);
    return holds(other < text ? -1 : other > text ? 1 : 0);
  };
}
