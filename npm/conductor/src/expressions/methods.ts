/** The methods and functions that expressions may call. Each is called on what it belongs to, never found on a prototype. */
import { type Budget, bounded, kindOf, LARGEST, ownProperty, spend, toText, ValueError } from "./values.js";

/** A callback of an expression, such as `x => x.id`. */
export type Callback = (...values: unknown[]) => unknown;

type Method<T> = (self: T, given: readonly unknown[], budget: Budget) => unknown;

/** Calls a method of a text, a list or a number. */
export function callMethod(self: unknown, name: string, given: readonly unknown[], budget: Budget): unknown {
  const methods = methodsOf(self);
  const method = methods?.get(name) as Method<unknown> | undefined;
  if (method === undefined) {
    throw new ValueError(
      methods === undefined
        ? `calls \`${name}()\` on ${kindOf(self)}, which has no methods in expressions`
        : `calls \`${name}()\`, which ${kindOf(self)} does not have; it has ${[...methods.keys()].join(", ")}`,
    );
  }
  if (typeof self === "string" || Array.isArray(self)) spend(budget, 1 + (self.length >>> 6));
  return method(self, given, budget);
}

/** Whether any value has such a method. */
export function isMethod(name: string): boolean {
  return TEXT.has(name) || LIST.has(name) || NUMBER.has(name);
}

/** Names of all methods. */
export function methodNames(): string[] {
  return [...new Set([...TEXT.keys(), ...LIST.keys(), ...NUMBER.keys()])];
}

function methodsOf(self: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof self === "string") return TEXT;
  if (Array.isArray(self)) return LIST;
  return typeof self === "number" ? NUMBER : undefined;
}

function text(value: unknown, method: string): string {
  if (typeof value === "string") return value;
  throw new ValueError(`gives \`${method}()\` ${kindOf(value)} where it takes text`);
}

function whole(value: unknown, method: string): number | undefined {
  if (value === undefined || typeof value === "number") return value;
  throw new ValueError(`gives \`${method}()\` ${kindOf(value)} where it takes a number`);
}

function size(value: unknown, method: string): number {
  const length = whole(value, method) ?? 0;
  if (!(length >= 0 && length <= LARGEST)) throw new ValueError(`makes \`${method}()\` larger than ${LARGEST}`);
  return length;
}

function callback(value: unknown, method: string): Callback {
  if (typeof value === "function") return value as Callback;
  throw new ValueError(`gives \`${method}()\` ${kindOf(value)} where it takes a function such as \`x => x.id\``);
}

/** Replaced texts, of which the result must not grow without end. */
function replaced(self: string, from: unknown, to: unknown, all: boolean, method: string): string {
  const [search, replacement] = [text(from, method), text(to, method)];
  if (all) return joined(self.split(search), replacement);
  return bounded(self.replace(search, () => replacement));
}

function joined(parts: readonly string[], separator: string): string {
  let length = separator.length * Math.max(parts.length - 1, 0);
  for (const part of parts) length += part.length;
  if (length > LARGEST) throw new ValueError(`makes a text of more than ${LARGEST} characters`);
  return parts.join(separator);
}

const TEXT: ReadonlyMap<string, Method<string>> = new Map<string, Method<string>>([
  ["at", (self, [at]) => self.at(whole(at, "at") ?? 0)],
  ["endsWith", (self, [end]) => self.endsWith(text(end, "endsWith"))],
  ["includes", (self, [part]) => self.includes(text(part, "includes"))],
  ["indexOf", (self, [part]) => self.indexOf(text(part, "indexOf"))],
  ["lastIndexOf", (self, [part]) => self.lastIndexOf(text(part, "lastIndexOf"))],
  ["localeCompare", (self, [other]) => self.localeCompare(text(other, "localeCompare"))],
  [
    "padEnd",
    (self, [length, fill]) => self.padEnd(size(length, "padEnd"), fill === undefined ? " " : text(fill, "padEnd")),
  ],
  [
    "padStart",
    (self, [length, fill]) =>
      self.padStart(size(length, "padStart"), fill === undefined ? " " : text(fill, "padStart")),
  ],
  ["repeat", (self, [times]) => self.repeat(size(size(times, "repeat") * self.length, "repeat") / (self.length || 1))],
  ["replace", (self, [from, to]) => replaced(self, from, to, false, "replace")],
  ["replaceAll", (self, [from, to]) => replaced(self, from, to, true, "replaceAll")],
  ["slice", (self, [from, to]) => self.slice(whole(from, "slice"), whole(to, "slice"))],
  ["split", (self, [by]) => self.split(text(by, "split"))],
  ["startsWith", (self, [start]) => self.startsWith(text(start, "startsWith"))],
  ["substring", (self, [from, to]) => self.substring(whole(from, "substring") ?? 0, whole(to, "substring"))],
  ["toLowerCase", (self) => self.toLowerCase()],
  ["toString", (self) => self],
  ["toUpperCase", (self) => self.toUpperCase()],
  ["trim", (self) => self.trim()],
  ["trimEnd", (self) => self.trimEnd()],
  ["trimStart", (self) => self.trimStart()],
]);

type List = readonly unknown[];

/** Calls a callback for items, one step each. */
function each(
  name: string,
  work: (self: List, call: (item: unknown, index: number) => unknown) => unknown,
): Method<List> {
  return (self, [given], budget) => {
    const call = callback(given, name);
    return work(self, (item, index) => {
      spend(budget, 1);
      return call(item, index, self);
    });
  };
}

function lengthOf(list: List): List {
  if (list.length > LARGEST) throw new ValueError(`makes a list of more than ${LARGEST} items`);
  return list;
}

function flattened(list: List, depth: number, budget: Budget): unknown[] {
  const flat: unknown[] = [];
  for (const item of list) {
    spend(budget, 1);
    if (depth > 0 && Array.isArray(item)) for (const inner of flattened(item, depth - 1, budget)) flat.push(inner);
    else flat.push(item);
  }
  return flat;
}

function inOrder(left: unknown, right: unknown): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const [a, b] = [toText(left), toText(right)];
  return a < b ? -1 : Number(a > b);
}

const LIST: ReadonlyMap<string, Method<List>> = new Map<string, Method<List>>([
  ["at", (self, [at]) => self.at(whole(at, "at") ?? 0)],
  ["concat", (self, given) => lengthOf(flattenOnce(self, given))],
  ["every", each("every", (self, call) => self.every(call))],
  ["filter", each("filter", (self, call) => self.filter(call))],
  ["find", each("find", (self, call) => self.find(call))],
  ["findIndex", each("findIndex", (self, call) => self.findIndex(call))],
  ["flat", (self, [depth], budget) => flattened(self, Math.min(whole(depth, "flat") ?? 1, 64), budget)],
  ["flatMap", each("flatMap", (self, call) => lengthOf(flattenOnce([], self.map(call))))],
  ["includes", (self, [item]) => self.includes(item)],
  ["indexOf", (self, [item]) => self.indexOf(item)],
  ["join", (self, [by]) => joined(self.map(toText), by === undefined ? "," : text(by, "join"))],
  ["lastIndexOf", (self, [item]) => self.lastIndexOf(item)],
  ["map", each("map", (self, call) => self.map(call))],
  [
    "reduce",
    (self, given, budget) => {
      const call = callback(given[0], "reduce");
      const step: Callback = (last, item, index) => {
        spend(budget, 1);
        return call(last, item, index, self);
      };
      if (given.length > 1) return self.reduce(step, given[1]);
      if (self.length === 0) throw new ValueError("reduces an empty list without a first value");
      return self.reduce(step);
    },
  ],
  ["slice", (self, [from, to]) => self.slice(whole(from, "slice"), whole(to, "slice"))],
  ["some", each("some", (self, call) => self.some(call))],
  ["toReversed", (self) => [...self].reverse()],
  [
    "toSorted",
    (self, [given], budget) => {
      const call = given === undefined ? inOrder : callback(given, "toSorted");
      return [...self].sort((a, b) => {
        spend(budget, 1);
        return Number(call(a, b));
      });
    },
  ],
]);

function flattenOnce(first: List, others: List): unknown[] {
  const all = [...first];
  for (const other of others) {
    if (Array.isArray(other)) for (const item of other) all.push(item);
    else all.push(other);
  }
  return all;
}

const NUMBER: ReadonlyMap<string, Method<number>> = new Map<string, Method<number>>([
  ["toFixed", (self, [digits]) => self.toFixed(Math.min(Math.max(whole(digits, "toFixed") ?? 0, 0), 100))],
  ["toString", (self) => String(self)],
]);

function number(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  if (typeof value === "boolean" || typeof value === "bigint") return Number(value);
  throw new ValueError(`makes a number of ${value === "" ? "an empty text" : kindOf(value)}`);
}

function fields(value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null) throw new ValueError(`lists the properties of ${kindOf(value)}`);
  return Object.keys(value).map((key) => [key, ownProperty(value, key)]);
}

const maths = (["abs", "ceil", "floor", "max", "min", "round", "sign", "sqrt", "trunc"] as const).map(
  (name): [string, Callback] => [
    `Math.${name}`,
    (...given) => (Math[name] as (...numbers: number[]) => number)(...given.map(number)),
  ],
);

/** Functions by the name under which they are called. */
export const FUNCTIONS: ReadonlyMap<string, Callback> = new Map<string, Callback>([
  ...maths,
  ["Number", number],
  ["String", toText],
  ["Boolean", Boolean],
  [
    "JSON.stringify",
    (value, _, indent) => bounded(JSON.stringify(value, null, Math.min(whole(indent, "stringify") ?? 0, 10)) ?? ""),
  ],
  ["JSON.parse", (given) => parsed(text(given, "JSON.parse"))],
  ["Object.keys", (value) => fields(value).map(([key]) => key)],
  ["Object.values", (value) => fields(value).map(([, field]) => field)],
  ["Object.entries", fields],
  ["Array.isArray", Array.isArray],
  ["Number.isInteger", Number.isInteger],
  ["encodeURIComponent", (value) => encodeURIComponent(toText(value))],
  ["decodeURIComponent", (value) => decodeURIComponent(toText(value))],
]);

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ValueError("gives `JSON.parse` text that is no JSON");
  }
}
