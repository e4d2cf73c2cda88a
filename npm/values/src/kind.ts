/** What an object is, in any realm and without anything of Node. */

/** What an object is for those who copy it, count it or send it. */
export type Kind =
  | "list"
  /** Made by `{}`, a parser, or without a prototype. */
  | "record"
  | "map"
  | "set"
  | "date"
  | "pattern"
  | "error"
  /** A typed array, a `Buffer` or a `DataView`. */
  | "view"
  /** An `ArrayBuffer`. */
  | "memory"
  | "shared memory"
  /** A number, text, flag, symbol or big integer as an object. */
  | "boxed"
  /** Of a class, or anything else. */
  | "instance";

/** What an object is. Runs no code of the object but the traps of a Proxy. */
export function kindOf(value: object): Kind {
  if (Array.isArray(value)) return "list";
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return "record";
  if (ArrayBuffer.isView(value)) return "view";
  const likely = LIKELY.get(prototype);
  if (likely !== undefined && works(likely.use, value)) return likely.kind;
  if (isRoot(prototype)) return "record";
  if (Symbol.toStringTag in value) return branded(value, prototype);
  const text = Object.prototype.toString.call(value);
  return text === ORDINARY ? "instance" : (TAGS.get(text) ?? "instance");
}

/** Whether a value is an object as JSON has them: made by `{}` or a parser, in any realm, or without a prototype. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isRoot(prototype);
}

/** Whether a value is an object of any kind but a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The root of another realm, such as another window or the environment of a test; or one of an application's own. */
function isRoot(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null;
}

/** The name that an object goes by, such as `WeakMap`; `Object` for instances of most classes. Runs no getter for it. */
export function tagOf(value: object): string {
  const isNamed = Symbol.toStringTag in value;
  for (let at: object | null = isNamed ? value : null; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, Symbol.toStringTag);
    if (found !== undefined) return typeof found.value === "string" ? found.value : "";
  }
  const text = Object.prototype.toString.call(value);
  return text === ORDINARY ? "Object" : text.slice("[object ".length, -1);
}

const ORDINARY = "[object Object]";

/** Without a name of their own, objects go by what they are made of. */
const TAGS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["[object Date]", "date"],
  ["[object RegExp]", "pattern"],
  ["[object Error]", "error"],
  ["[object Number]", "boxed"],
  ["[object String]", "boxed"],
  ["[object Boolean]", "boxed"],
]);

/** What tells objects of a kind. */
interface Brand {
  kind: Kind;
  /** What most of them inherit from; in pages, there is shared memory only where they are isolated from others. */
  prototype: object | undefined;
  /** What only they can do: it throws for all others. */
  use(value: object): unknown;
}

const BRANDS: readonly Brand[] = [
  { kind: "map", prototype: Map.prototype, use: (value) => Map.prototype.has.call(value, 0) },
  { kind: "set", prototype: Set.prototype, use: (value) => Set.prototype.has.call(value, 0) },
  { kind: "date", prototype: Date.prototype, use: (value) => Date.prototype.getTime.call(value) },
  byGetter("pattern", RegExp.prototype, "global"),
  byGetter("memory", ArrayBuffer.prototype, "byteLength"),
  byGetter("shared memory", globalThis.SharedArrayBuffer?.prototype, "byteLength"),
  ...[Number, String, Boolean, Symbol, BigInt].map(({ prototype }): Brand => {
    return { kind: "boxed", prototype, use: (value) => (prototype.valueOf as () => unknown).call(value) };
  }),
];

const LIKELY: ReadonlyMap<unknown, Brand> = new Map(BRANDS.map((brand) => [brand.prototype, brand]));

/** Prototypes of objects that have a name and are nothing special: to try what each can do takes long. */
const NAMED_ONLY = new WeakSet<object>();

/** An object with a name, which may be any: of another realm, or of a class of one's own. */
function branded(value: object, prototype: object): Kind {
  if (NAMED_ONLY.has(prototype)) return "instance";
  const kind = value instanceof Error ? "error" : BRANDS.find(({ use }) => works(use, value))?.kind;
  if (kind === undefined) NAMED_ONLY.add(prototype);
  return kind ?? "instance";
}

function works(use: (value: object) => unknown, value: object): boolean {
  try {
    use(value);
    return true;
  } catch {
    return false;
  }
}

function byGetter(kind: Kind, prototype: object | undefined, key: string): Brand {
  const get = prototype && Object.getOwnPropertyDescriptor(prototype, key)?.get;
  return {
    kind,
    prototype,
    use(value) {
      if (get === undefined) throw new TypeError("There are none of these here");
      return get.call(value);
    },
  };
}
