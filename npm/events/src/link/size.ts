/** How large a message is before anything is sent or handled. */

/** Largest message by default, in bytes: 8 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

const PER_VALUE = 8;

/**
 * About the bytes that the structured clone of a value takes: text as UTF-8, of a view its whole buffer, 8 for every
 * other scalar and for every key, item and reference. Stops counting soon after `limit`, so that its work is bounded by
 * it. A value met twice counts once. Throws what a getter throws.
 */
export function messageBytes(value: unknown, limit: number): number {
  let bytes = 0;
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && bytes <= limit) {
    const next = waiting.pop();
    bytes += PER_VALUE;
    if (typeof next === "string") bytes += textBytes(next, limit);
    else if (typeof next === "bigint") bytes += next.toString(16).length / 2;
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    bytes += contentBytes(next, waiting, limit - bytes);
  }
  return Math.ceil(bytes);
}

/** Bytes of the object's own content; what it holds is put on the list. */
function contentBytes(object: object, waiting: unknown[], room: number): number {
  if (ArrayBuffer.isView(object)) {
    // The clone carries the whole buffer, however little of it is in view.
    waiting.push(object.buffer);
    return 0;
  }
  if (object instanceof ArrayBuffer) return object.byteLength;
  if (typeof SharedArrayBuffer === "function" && object instanceof SharedArrayBuffer) return object.byteLength;
  if (typeof Blob === "function" && object instanceof Blob) return object.size;
  if (Array.isArray(object)) {
    if (object.length * PER_VALUE > room) return object.length * PER_VALUE;
    for (const item of object) waiting.push(item);
    return 0;
  }
  if (object instanceof Map) {
    if (object.size * PER_VALUE * 2 > room) return object.size * PER_VALUE * 2;
    for (const [key, item] of object) waiting.push(key, item);
    return 0;
  }
  if (object instanceof Set) {
    if (object.size * PER_VALUE > room) return object.size * PER_VALUE;
    for (const item of object) waiting.push(item);
    return 0;
  }
  if (object instanceof Error) waiting.push(object.message, object.stack, object.cause);
  let bytes = 0;
  for (const key of Object.keys(object)) {
    bytes += PER_VALUE + textBytes(key, room);
    if (bytes > room) break;
    waiting.push((object as Record<string, unknown>)[key]);
  }
  return bytes;
}

/** Bytes of a text as UTF-8; of one longer than the room, any number above it. */
function textBytes(text: string, room: number): number {
  let bytes = text.length;
  if (bytes > room) return bytes;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Both halves of a pair count 2: together the 4 bytes of their character.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
