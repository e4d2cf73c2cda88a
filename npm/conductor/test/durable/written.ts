/** All that a store was given, and the writings in which a secret could be in it. */
import type { ExecutionStore } from "@atomiton/storage";

/** The rows, documents, heads, records and blobs of a store as text. */
export async function writtenIn(store: ExecutionStore): Promise<string> {
  const decoder = new TextDecoder();
  const all: string[] = [];
  const { executions } = await store.list({}, { limit: 1000 });
  for (const row of executions) {
    all.push(JSON.stringify(row));
    const begun = await store.begun(row.id);
    all.push(begun?.document ?? "", decoder.decode(begun?.head));
    for (const { values } of await store.records(row.id)) {
      const text = decoder.decode(values);
      all.push(text);
      for (const [hash] of text.matchAll(/[0-9a-f]{64}/g)) all.push(decoder.decode(await store.blob(hash)));
    }
  }
  return all.join("\n");
}

/** All text in a value: keys, hidden properties, what getters give, bytes as one character each. Each object once. */
export function textIn(value: unknown): string {
  const seen = new Set<object>();
  const texts: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value === "function") return;
    if (typeof value !== "object") return void texts.push(String(value));
    if (value === null || seen.has(value)) return;
    seen.add(value);
    if (ArrayBuffer.isView(value)) {
      return void texts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"));
    }
    if (value instanceof Map || value instanceof Set) for (const part of value) look(part);
    const prototype: object | null = Object.getPrototypeOf(value);
    const isPlain = prototype === null || prototype === Object.prototype || prototype === Array.prototype;
    const own = [...Reflect.ownKeys(value), ...(isPlain ? [] : Reflect.ownKeys(prototype))];
    for (const key of own) {
      texts.push(String(key));
      try {
        look((value as Record<PropertyKey, unknown>)[key]);
      } catch {
        // A getter of its class alone.
      }
    }
  };
  look(value);
  return texts.join("\n");
}

/** How a secret may be written. */
export function writingsOf(secret: string): string[] {
  const shifted = ["", "a", "ab"].map((before) => {
    const all = Buffer.from(before + secret).toString("base64");
    const from = before === "" ? 0 : 4;
    return all.slice(from, all.length - 4);
  });
  const uri = encodeURIComponent(secret);
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    uri,
    uri.replace(/%../g, (code) => code.toLowerCase()),
    new URLSearchParams([["", secret]]).toString().slice(1),
    ...shifted,
    ...shifted.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
  ];
  return [...new Set(forms)];
}
