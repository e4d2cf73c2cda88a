/**
 * Values as JSON and back, where JSON alone would lose or change them.
 *
 * What JSON has stays as it is. The rest becomes `{ "$type": …, "value": … }`: dates, maps, sets, errors, bytes and views of
 * them, regular expressions, big integers, undefined, NaN, the infinities and -0; and objects that have a key `$type` of their own.
 */
import { classOf, isRecord } from "@atomiton/values";

import { fromBase64, toBase64 } from "../types/base64.js";

/** A value that could not be kept, or not as it is. */
export interface Loss {
  /** Where it is, such as `variables["client"].socket`. */
  path: string;
  /** What is lost, in words; never the value. */
  what: string;
}

/** Marks that the conductor keeps beside a value, which are no part of it. */
const MARKS: readonly symbol[] = ["routed", "carried", "ends-run", "left-over"].map((name) =>
  Symbol.for(`@atomiton/${name}`),
);

/** What JSON takes. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const TYPE = "$type";
const DEEPEST = 500;

/** Views of memory by the names of their classes. */
const VIEWS = new Map<string, new (memory: ArrayBuffer) => ArrayBufferView>(
  [
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ].map((View) => [View.name, View]),
);

/** Whether values of a tag are bytes in Base64. */
export function isBytes(type: unknown): boolean {
  return type === "ArrayBuffer" || type === "Buffer" || VIEWS.has(String(type));
}

const ERRORS: Record<string, ErrorConstructor> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Deeper than this a value is looked at closely. */
const DEEPEST_PLAIN = 64;

/**
 * Whether JSON takes a value as it is, so that nothing of it needs a tag; false also where that takes longer to tell.
 *
 * @param isOther objects that are not to be looked into, and are not plain
 */
export function isPlainJson(value: unknown, depth = 0, isOther?: (object: object) => boolean): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || depth === DEEPEST_PLAIN) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (!isPlainJson(value[at], depth + 1, isOther)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  if (Object.getOwnPropertySymbols(value).length > 0 || isOther?.(value)) return false;
  for (const key in value) {
    if (key === TYPE || !isPlainJson((value as Record<string, unknown>)[key], depth + 1, isOther)) return false;
  }
  return true;
}

/**
 * A value for JSON. Each loss is told; in its place there will be undefined, or for an instance of a class its fields.
 *
 * @param write gives what stands for an object at a path, where that is not made of what is in it; what it throws goes to the caller
 */
export function toJson(
  value: unknown,
  lose: (loss: Loss) => void,
  write?: (object: object, path: string) => Json | undefined,
): Json {
  const ancestors = new Set<object>();

  const lost = (path: string, what: string): Json => {
    lose({ path, what });
    return { [TYPE]: "lost" };
  };

  const encode = (value: unknown, path: string): Json => {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged("number", numeral(value));
      case "bigint":
        return tagged("bigint", String(value));
      case "undefined":
        return { [TYPE]: "undefined" };
      case "object":
        return value === null ? null : encodeObject(value, path);
      default:
        return lost(path, `a ${typeof value}`);
    }
  };

  const encodeObject = (value: object, path: string): Json => {
    if (ancestors.has(value)) return lost(path, "a reference to an object that it is part of");
    if (ancestors.size === DEEPEST) return lost(path, `everything deeper than ${DEEPEST} levels`);
    const written = write?.(value, path);
    if (written !== undefined) return written;
    ancestors.add(value);
    try {
      return encodeParts(value, path);
    } catch {
      return lost(path, "an object that cannot be read");
    } finally {
      ancestors.delete(value);
    }
  };

  const encodeParts = (value: object, path: string): Json => {
    if (Array.isArray(value)) return Array.from(value, (entry, index) => encode(entry, `${path}[${index}]`));
    if (value instanceof Date) return tagged("Date", Number.isNaN(value.getTime()) ? null : value.toISOString());
    if (value instanceof Map) {
      const entries = [...value].map(([key, entry], index): Json => {
        return [encode(key, `${path} key ${index}`), encode(entry, `${path}${step(key, index)}`)];
      });
      return tagged("Map", entries);
    }
    if (value instanceof Set) {
      return tagged(
        "Set",
        [...value].map((entry, index) => encode(entry, `${path}[${index}]`)),
      );
    }
    if (value instanceof ArrayBuffer) return tagged("ArrayBuffer", toBase64(new Uint8Array(value)));
    if (ArrayBuffer.isView(value)) {
      const bytes = toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      const isBuffer = globalThis.Buffer?.isBuffer(value) === true;
      const kind = isBuffer ? "Buffer" : (classOf(value) ?? "");
      if (isBuffer || VIEWS.has(kind)) return tagged(kind, bytes);
    }
    if (value instanceof RegExp) return tagged("RegExp", [value.source, value.flags]);
    if (value instanceof Error) return tagged("Error", encodeError(value, path));
    const fields = encodeFields(value, path);
    if (!isRecord(value)) {
      lose({ path, what: `that it is an instance of ${classOf(value) ?? "a class"}; its fields are kept` });
    }
    return Object.hasOwn(fields, TYPE) ? tagged("Object", fields) : fields;
  };

  const encodeError = (error: Error, path: string): Json => ({
    name: String(error.name),
    message: String(error.message),
    stack: error.stack === undefined ? null : String(error.stack),
    ...(Object.hasOwn(error, "cause") && { cause: encode(error.cause, `${path}.cause`) }),
    fields: encodeFields(error, path),
  });

  const encodeFields = (value: object, path: string): Record<string, Json> => {
    const fields: Record<string, Json> = Object.create(null);
    for (const key of Object.keys(value)) {
      fields[key] = encode((value as Record<string, unknown>)[key], `${path}${step(key, 0)}`);
    }
    const symbols = Object.getOwnPropertySymbols(value);
    if (symbols.some((symbol) => !MARKS.includes(symbol))) lose({ path, what: "what is kept under symbols" });
    return fields;
  };

  return encode(value, "");
}

/** The value again. The JSON is used up. Throws for a `$type` that is not known, or whose value does not fit. */
export function fromJson(json: Json): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJson);
  if (Object.hasOwn(json, TYPE)) return fromTagged(json[TYPE], json.value);
  return fromFields(json);
}

function fromTagged(type: Json | undefined, value: Json | undefined): unknown {
  switch (type) {
    case "undefined":
    case "lost":
      return undefined;
    case "number":
      return Number(text(value));
    case "bigint":
      return BigInt(text(value));
    case "Date":
      return new Date(value === null ? Number.NaN : text(value));
    case "Map":
      return new Map(list(value).map((entry) => list(entry).map(fromJson) as [unknown, unknown]));
    case "Set":
      return new Set(list(value).map(fromJson));
    case "ArrayBuffer":
      return fromBase64(text(value)).buffer;
    case "Buffer": {
      const bytes = fromBase64(text(value));
      return globalThis.Buffer === undefined ? bytes : globalThis.Buffer.from(bytes.buffer);
    }
    case "RegExp": {
      const [source, flags] = list(value).map(text);
      return new RegExp(source as string, flags);
    }
    case "Error":
      return fromError(record(value));
    case "Object":
      return fromFields(record(value));
    default: {
      const View = VIEWS.get(String(type));
      if (View !== undefined) return new View(fromBase64(text(value)).buffer as ArrayBuffer);
      throw new TypeError(`Values of type ${JSON.stringify(type)} are not known; they come from a newer version`);
    }
  }
}

function fromError(json: Record<string, Json>): Error {
  const name = text(json.name);
  const Kind = (Object.hasOwn(ERRORS, name) && ERRORS[name]) || Error;
  const error = new Kind(
    text(json.message),
    Object.hasOwn(json, "cause") ? { cause: fromJson(json.cause ?? null) } : {},
  );
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
  const stack = json.stack === null ? undefined : text(json.stack);
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  for (const [key, field] of Object.entries(record(json.fields))) {
    Object.defineProperty(error, key, { value: fromJson(field), writable: true, enumerable: true, configurable: true });
  }
  return error;
}

/** In place: what was parsed has each key as its own, `__proto__` too, so that setting it sets nothing else. */
function fromFields(json: Record<string, Json>): unknown {
  const fields: Record<string, unknown> = json;
  for (const key of Object.keys(json)) fields[key] = fromJson(json[key] as Json);
  return fields;
}

const tagged = (type: string, value: Json): Json => ({ [TYPE]: type, value });
const numeral = (value: number) => (Object.is(value, -0) ? "-0" : String(value));
const step = (key: unknown, index: number) => `[${typeof key === "string" ? JSON.stringify(key) : index}]`;

function text(json: Json | undefined): string {
  if (typeof json !== "string") throw new TypeError("A text is missing");
  return json;
}

function list(json: Json | undefined): Json[] {
  if (!Array.isArray(json)) throw new TypeError("A list is missing");
  return json;
}

function record(json: Json | undefined): Record<string, Json> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new TypeError("An object is missing");
  return json;
}

/** The tag of a value that JSON lacks, or whose keys look like one; `undefined` for any other. */
export function tagOf(json: Json | undefined): { type: string; value?: Json } | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json) || !Object.hasOwn(json, TYPE)) return undefined;
  return { type: String(json[TYPE]), ...(json["value"] !== undefined && { value: json["value"] }) };
}
