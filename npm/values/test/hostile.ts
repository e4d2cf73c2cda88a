/** Values that are easily misjudged, and random ones from a seed. */
import { createContext, runInContext } from "node:vm";

class Point {
  x = 1;
  y = 2;
}

class Named {
  get [Symbol.toStringTag]() {
    return "Map";
  }
}

class NamedMap extends Map<unknown, unknown> {
  override readonly [Symbol.toStringTag] = "Rows";
}

const cyclic: Record<string, unknown> = { list: [] };
cyclic.self = cyclic;

const realm = createContext({});
const elsewhere = (code: string): unknown => runInContext(code, realm);

function handedOver<T extends Transferable>(memory: T): T {
  structuredClone(memory, { transfer: [memory] });
  return memory;
}

function viewOfHandedOver(): Uint8Array {
  const view = new Uint8Array(4);
  handedOver(view.buffer);
  return view;
}

/** A view of which nothing is left, as its memory shrank. */
function viewOfShrunk(): Uint8Array {
  // biome-ignore lint/suspicious/noExplicitAny: the types of the target do not know memory that shrinks.
  const memory = new (ArrayBuffer as any)(8, { maxByteLength: 16 });
  const view = new Uint8Array(memory, 4, 4);
  memory.resize(2);
  return view;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** So many lists in each other. */
export function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

export const HOSTILE: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  number: -0,
  "no number": Number.NaN,
  "big integer": 10n ** 30n,
  text: "\ud800",
  symbol: Symbol("s"),
  function: () => 1,
  "class itself": Point,
  instance: new Point(),
  "instance with a method of its own": Object.assign(new Point(), { move: () => {} }),
  "instance that calls itself a map": new Named(),
  "record that calls itself a date": { [Symbol.toStringTag]: "Date", at: 1 },
  "instance that calls itself a set": Object.assign(new Point(), { [Symbol.toStringTag]: "Set" }),
  "map of a class with a name": new NamedMap([["a", 1]]),
  "map of a class with a name, with a function": new NamedMap([["a", () => 1]]),
  date: new Date(0),
  "invalid date": new Date(Number.NaN),
  pattern: /a/g,
  "boxed number": Object(1),
  "boxed text": Object("text"),
  "boxed flag": Object(false),
  "boxed big integer": Object(1n),
  "boxed symbol": Object(Symbol("s")),
  bytes: new Uint8Array(4),
  buffer: Buffer.from("x"),
  view: new DataView(new ArrayBuffer(4)),
  memory: new ArrayBuffer(4),
  "empty memory": new ArrayBuffer(0),
  "shared memory": new SharedArrayBuffer(4),
  "view of shared memory": new Uint8Array(new SharedArrayBuffer(4)),
  "memory that was handed over": handedOver(new ArrayBuffer(4)),
  "view of memory that was handed over": viewOfHandedOver(),
  "view of memory that shrank": viewOfShrunk(),
  map: new Map<unknown, unknown>([[{ key: 1 }, new Set([1])]]),
  "map with a function as key": new Map([[() => 1, 1]]),
  "set of promises": new Set([Promise.resolve()]),
  "pretended map": Object.create(Map.prototype),
  "pretended date": Object.create(Date.prototype),
  "pretended error": Object.create(Error.prototype),
  "pretended promise": Object.create(Promise.prototype),
  promise: Promise.resolve(),
  error: new RangeError("x"),
  "error with a function as cause": new Error("x", { cause: () => 1 }),
  "error with a method": Object.assign(new Error("x"), { retry: () => {} }),
  "errors together": new AggregateError([new Error("a")], "x"),
  generator: (function* () {
    yield 1;
  })(),
  "iterator of a map": new Map().entries(),
  "weak map": new WeakMap(),
  "weak set": new WeakSet(),
  "weak reference": new WeakRef({}),
  registry: new FinalizationRegistry(() => {}),
  proxy: new Proxy({}, {}),
  "proxy of a list": new Proxy([], {}),
  "proxy of a map": new Proxy(new Map(), {}),
  "revoked proxy": revoked(),
  "deep proxy": { rows: [new Map([["a", { b: new Proxy({}, {}) }]])] },
  "number format": new Intl.NumberFormat("en"),
  "no prototype": Object.assign(Object.create(null), { a: 1 }),
  "list with holes": Object.assign(new Array(3), { 1: 1 }),
  "list with a field": Object.assign([1], { run: () => 1 }),
  arguments: (function (..._: unknown[]) {
    // biome-ignore lint/complexity/noArguments: of these is the value.
    return arguments;
  })(1, 2),
  cyclic,
  "hidden function": Object.defineProperty({}, "run", { value: () => 1, enumerable: false }),
  "function under a symbol": { [Symbol("run")]: () => 1 },
  "getter that throws": Object.defineProperty({}, "x", {
    enumerable: true,
    get() {
      throw new Error("no");
    },
  }),
  "getter of a function": Object.defineProperty({}, "x", { enumerable: true, get: () => () => 1 }),
  "map of another realm": elsewhere("new Map([['a', () => 1]])"),
  "record of another realm": elsewhere("({ a: [1] })"),
  "date of another realm": elsewhere("new Date(0)"),
  "error of another realm": elsewhere("new RangeError('x')"),
  "memory of another realm": elsewhere("new ArrayBuffer(4)"),
  "boxed symbol of another realm": elsewhere("Object(Symbol('s'))"),
  "promise of another realm": elsewhere("Promise.resolve()"),
  "function deep down": { a: [{ b: new Map([["c", { d: [() => 1] }]]) }] },
};

/** Numbers from 0 to 1, the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = ["a", "name", "", "0", "__proto_", "toString", "längst", "rows"];
const TEXTS = ["", "a", "text", "€uro", "\u{1f600}", "x".repeat(300), "é".repeat(300)];

/** A value as JSON has them. */
export function randomJson(random: () => number, levels = 5): unknown {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const count = Math.floor(random() * 5);
  switch (levels === 0 ? Math.floor(random() * 4) : Math.floor(random() * 6)) {
    case 0:
      return pick([null, true, false]);
    case 1:
      return Math.floor(random() * 1000);
    case 2:
      return random() * 1e9;
    case 3:
      return pick(TEXTS);
    case 4:
      return Array.from({ length: count }, () => randomJson(random, levels - 1));
    default:
      return Object.fromEntries(Array.from({ length: count }, () => [pick(KEYS), randomJson(random, levels - 1)]));
  }
}

/** Such a value with something hostile in some of its places, shared among them. */
export function randomHostile(random: () => number): unknown {
  const names = Object.keys(HOSTILE);
  const shared: object[] = [];
  const replace = (value: unknown): unknown => {
    if (random() < 0.03) return HOSTILE[names[Math.floor(random() * names.length)] as string];
    if (random() < 0.05 && shared.length > 0) return shared[Math.floor(random() * shared.length)];
    if (typeof value !== "object" || value === null) return value;
    const made = Array.isArray(value)
      ? value.map(replace)
      : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replace(part)]));
    shared.push(made);
    if (random() < 0.1) return new Map(Object.entries(made));
    return random() < 0.1 ? new Set(Object.values(made)) : made;
  };
  return replace(randomJson(random));
}
