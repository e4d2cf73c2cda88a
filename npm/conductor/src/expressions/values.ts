/** What the operators and methods of expressions do with values: nothing that could call code of a flow's data. */

/** A mistake in what an expression computes with, without its place. */
export class ValueError extends Error {}

/** The longest text or list that an expression makes. */
export const LARGEST = 16 * 1024 * 1024;
/** Calls of callbacks in one evaluation. */
const MOST_STEPS = 1_000_000;

/** What one evaluation has used so far. */
export interface Budget {
  steps: number;
}

/** Counts steps of an evaluation. */
export function spend(budget: Budget, steps: number): void {
  budget.steps += steps;
  if (budget.steps > MOST_STEPS) {
    throw new ValueError(`takes more than ${MOST_STEPS} steps; put such work into a \`transform\` node`);
  }
}

/** A property that the value itself has: nothing is inherited, nothing of a prototype is seen. */
export function ownProperty(value: unknown, key: unknown): unknown {
  if (typeof value === "string") {
    if (key === "length") return value.length;
    return typeof key === "number" ? value[key] : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (typeof key === "number") {
    return Array.isArray(value) || ArrayBuffer.isView(value) || Object.hasOwn(value, key)
      ? (value as Record<number, unknown>)[key]
      : undefined;
  }
  if (typeof key !== "string") throw new ValueError(`uses ${kindOf(key)} as the name of a property`);
  if (Object.hasOwn(value, key)) return (value as Record<string, unknown>)[key];
  return key === "length" && ArrayBuffer.isView(value) ? (value as Uint8Array).length : undefined;
}

/** A word for what a value is. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Text that is short enough. */
export function bounded(text: string): string {
  if (text.length > LARGEST) throw new ValueError(`makes a text of more than ${LARGEST} characters`);
  return text;
}

/** A value as text: objects as JSON, nothing as no text. */
export function toText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "undefined":
      return "";
    case "object":
      if (value === null) return "";
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? "" : value.toISOString();
      try {
        return bounded(JSON.stringify(value) ?? "");
      } catch (error) {
        if (error instanceof ValueError) throw error;
        throw new ValueError("is an object that cannot be written as JSON");
      }
    case "function":
    case "symbol":
      throw new ValueError(`is ${kindOf(value)}, which is no text`);
    default:
      return String(value);
  }
}

type Primitive = string | number | bigint | boolean;

/** Operands of arithmetic and comparisons. Nothing is not 0 here, and not NaN. */
function operand(value: unknown, operator: string): Primitive {
  if (
    value === null ||
    value === undefined ||
    (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean")
  ) {
    throw new ValueError(`uses \`${operator}\` on ${kindOf(value)}`);
  }
  return value;
}

function numeric(value: unknown, operator: string): number | bigint {
  const found = operand(value, operator);
  if (typeof found === "bigint") return found;
  const number = typeof found === "string" && found.trim() === "" ? Number.NaN : Number(found);
  if (Number.isNaN(number) && !Object.is(found, Number.NaN)) {
    throw new ValueError(`uses \`${operator}\` on text that is no number`);
  }
  return number;
}

function calculate(operator: string, work: (a: number, b: number) => number | boolean) {
  return (left: unknown, right: unknown): unknown => {
    const [a, b] = [numeric(left, operator), numeric(right, operator)];
    if (typeof a === typeof b) {
      if (typeof a === "bigint") throw new ValueError(`uses \`${operator}\` on big integers; use numbers`);
      return work(a, b as number);
    }
    return work(Number(a), Number(b));
  };
}

function compare(
  operator: string,
  texts: (a: string, b: string) => boolean,
  numbers: (a: number, b: number) => boolean,
) {
  const others = calculate(operator, numbers);
  return (left: unknown, right: unknown): unknown =>
    typeof left === "string" && typeof right === "string" ? texts(left, right) : others(left, right);
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function looseEqual(left: unknown, right: unknown): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: that is what the operator means
  return (isPrimitive(left) && isPrimitive(right)) || left == null || right == null ? left == right : left === right;
}

/** Operators that always read both sides. */
export const OPERATORS = new Map<string, (left: unknown, right: unknown) => unknown>([
  [
    "+",
    (left, right) => {
      if (typeof left === "string" || typeof right === "string") {
        return bounded(String(operand(left, "+")) + String(operand(right, "+")));
      }
      return sum(left, right);
    },
  ],
  ["-", calculate("-", (a, b) => a - b)],
  ["*", calculate("*", (a, b) => a * b)],
  ["/", calculate("/", (a, b) => a / b)],
  ["%", calculate("%", (a, b) => a % b)],
  ["**", calculate("**", (a, b) => a ** b)],
  [
    "<",
    compare(
      "<",
      (a, b) => a < b,
      (a, b) => a < b,
    ),
  ],
  [
    ">",
    compare(
      ">",
      (a, b) => a > b,
      (a, b) => a > b,
    ),
  ],
  [
    "<=",
    compare(
      "<=",
      (a, b) => a <= b,
      (a, b) => a <= b,
    ),
  ],
  [
    ">=",
    compare(
      ">=",
      (a, b) => a >= b,
      (a, b) => a >= b,
    ),
  ],
  ["===", (left, right) => left === right],
  ["!==", (left, right) => left !== right],
  ["==", looseEqual],
  ["!=", (left, right) => !looseEqual(left, right)],
]);

const sum = calculate("+", (a, b) => a + b);

/** Operators before a value. */
export const UNARY = new Map<string, (value: unknown) => unknown>([
  ["!", (value) => !value],
  ["-", (value) => -numeric(value, "-")],
  ["+", (value) => Number(numeric(value, "+"))],
]);
