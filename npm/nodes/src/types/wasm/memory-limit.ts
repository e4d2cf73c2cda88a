/** The memory of a WebAssembly module, limited before it is compiled: an engine that runs it keeps to what the module says. */
import { NodeError } from "../../contract/error.js";

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const IMPORTS = 2;
const MEMORIES = 5;
const HAS_MAXIMUM = 1;

/**
 * The same module, whose memories have at most so many pages of 64 KiB.
 *
 * @throws NodeError DESERIALIZATION_FAILED for what is no module, INVALID_PARAMETERS for one that begins with more pages
 */
export function withMemoryLimit(bytes: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  if (bytes.length < MAGIC.length || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      "The file is no module of WebAssembly (version 1): it begins otherwise",
    );
  }
  const parts: Uint8Array[] = [bytes.subarray(0, MAGIC.length)];
  const reader = new Reader(bytes, MAGIC.length);
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.number();
    const content = reader.take(size);
    if (id === IMPORTS) demandOwnMemory(content);
    parts.push(id === MEMORIES ? section(limited(content, pages)) : bytes.subarray(start, reader.at));
  }
  return joined(parts);
}

/** The content of a section of memories, each with a maximum. */
function limited(content: Uint8Array, pages: number): Uint8Array {
  const reader = new Reader(content, 0);
  const count = reader.number();
  const parts = [numberBytes(count)];
  for (let memory = 0; memory < count; memory++) {
    const flags = reader.byte();
    const least = reader.number();
    const most = (flags & HAS_MAXIMUM) === 0 ? pages : Math.min(reader.number(), pages);
    if (least > pages) {
      throw new NodeError(
        "INVALID_PARAMETERS",
        `The plugin begins with ${least} pages of memory, and \`memoryPages\` allows ${pages}`,
        { advice: [`Set \`memoryPages\` to ${least} or more, if the plugin may have that much.`], retry: false },
      );
    }
    parts.push(Uint8Array.of(flags | HAS_MAXIMUM), numberBytes(least), numberBytes(most));
  }
  if (reader.at !== content.length) throw damaged();
  return joined(parts);
}

/** A plugin has a memory of its own; one that it imports would be limited by nothing here. */
function demandOwnMemory(content: Uint8Array): void {
  const reader = new Reader(content, 0);
  for (let left = reader.number(); left > 0; left--) {
    reader.take(reader.number());
    reader.take(reader.number());
    const kind = reader.byte();
    if (kind === 2) throw new NodeError("EXECUTION_FAILED", "The plugin imports a memory, which Extism does not give");
    if (kind === 1) {
      reader.byte();
      const flags = reader.byte();
      reader.number();
      if ((flags & HAS_MAXIMUM) !== 0) reader.number();
    } else if (kind === 3) reader.take(2);
    else {
      if (kind === 4) reader.byte();
      reader.number();
    }
  }
}

function section(content: Uint8Array): Uint8Array {
  return joined([Uint8Array.of(MEMORIES), numberBytes(content.length), content]);
}

/** Reads what modules are made of; never behind the end. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw damaged();
    return byte;
  }

  /** An unsigned number in LEB128. */
  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw damaged();
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw damaged();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function numberBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = (left - low) / 128;
    bytes.push(left > 0 ? low | 0x80 : low);
  } while (left > 0);
  return Uint8Array.from(bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function damaged(): NodeError {
  return new NodeError(
    "DESERIALIZATION_FAILED",
    "The file is a damaged module of WebAssembly: a part of it ends too soon",
  );
}
