/** Values with bytes as JSON, for the way between a page and its test. */

export const packed = (value) =>
  JSON.stringify(value ?? null, (_, part) => (part instanceof Uint8Array ? { $bytes: Array.from(part) } : part));

/** `null` stands for `undefined`, which JSON does not have. */
export const unpacked = (text) =>
  JSON.parse(text, (_, part) => (part?.$bytes === undefined ? part : Uint8Array.from(part.$bytes))) ?? undefined;
