/** Bodies of requests to webhooks: read within bounds, and taken as what their type says. */
import { isUtf8 } from "node:buffer";

/** What all bodies that are read at a time may be, in bytes. */
const MOST_BYTES = 256 * 1024 * 1024;

/** What is read in one go, without a stream, in bytes. */
const SMALL = 64 * 1024;

/** How deep JSON may be nested: what an execution may hold is limited to a little more. */
const DEEPEST = 200;

/** How many fields a form or a query may have. */
const MOST_FIELDS = 10_000;

/** A body is not taken. */
export class BodyError extends Error {
  constructor(
    readonly status: 400 | 413 | 503,
    message: string,
  ) {
    super(message);
  }
}

/** Bytes that are being read, and those of requests whose executions have not begun. */
let reading = 0;

const tooMany = () => new BodyError(503, "Too many requests are being read; send it again later");

/**
 * Begins what a body is for, which may have to wait: until then its bytes count as those that are being read.
 *
 * @throws BodyError 503 where there are too many already
 */
export async function whileHeld<T>({ length }: Buffer, begin: () => Promise<T>): Promise<T> {
  if (reading + length > MOST_BYTES) throw tooMany();
  reading += length;
  try {
    return await begin();
  } finally {
    reading -= length;
  }
}

/**
 * The bytes of a body.
 *
 * @throws BodyError 413 where there are more than `most`, 503 where too much is read already, 400 where it breaks off
 */
export async function readBody(request: Request, most: number): Promise<Buffer> {
  const tooLarge = () => new BodyError(413, `The body has more than ${most} bytes`);
  const said = request.headers.get("content-length");
  const isSmall = said !== null && Number(said) <= SMALL && !request.headers.has("transfer-encoding");
  if (Number(said ?? 0) > most) throw tooLarge();
  const chunks: Uint8Array[] = [];
  const reader = isSmall ? undefined : request.body?.getReader();
  let size = 0;
  try {
    if (isSmall) return Buffer.from(await request.arrayBuffer());
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
      const { length } = next.value;
      size += length;
      reading += length;
      if (size > most) throw tooLarge();
      if (reading > MOST_BYTES) throw tooMany();
      chunks.push(next.value);
    }
  } catch (error) {
    void reader?.cancel().catch(() => {});
    if (error instanceof BodyError) throw error;
    throw new BodyError(400, "The body broke off");
  } finally {
    reading -= size;
  }
  return Buffer.concat(chunks);
}

/**
 * What a body says, by its type: JSON, a form as an object, text; bytes in base64 where it is no text, `null` for none.
 *
 * @throws BodyError 400 for what is not of the type that it names
 */
export async function parsedBody(bytes: Buffer, contentType: string): Promise<unknown> {
  if (bytes.length === 0) return null;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type.endsWith("+json")) {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new BodyError(400, "The body is not the JSON that its content-type says");
    }
    demandKeepable(value);
    return value;
  }
  if (type === "application/x-www-form-urlencoded") {
    // No more is parsed than shows that there are too many.
    const fields = new TextDecoder().decode(bytes).split("&", MOST_FIELDS + 1);
    return byName(new URLSearchParams(fields.join("&")));
  }
  if (type === "multipart/form-data") return formOf(bytes, contentType);
  return isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("base64");
}

/** Refuses JSON that no execution can keep. Needs no stack of calls: what is nested deeply would end it. */
function demandKeepable(value: unknown): void {
  const open: { parts: unknown[]; depth: number }[] = [{ parts: [value], depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const depth = next.depth + 1;
    for (const part of next.parts) {
      if (typeof part === "number" && !Number.isFinite(part)) {
        throw new BodyError(400, "The body has a number that is out of range");
      }
      if (typeof part !== "object" || part === null) continue;
      if (depth > DEEPEST) throw new BodyError(400, `The body is nested more than ${DEEPEST} deep`);
      open.push({ parts: Object.values(part), depth });
    }
  }
}

async function formOf(bytes: Buffer, contentType: string): Promise<Record<string, unknown>> {
  let form: FormData;
  try {
    form = await new Response(bytes as BodyInit, { headers: { "content-type": contentType } }).formData();
  } catch {
    throw new BodyError(400, "The body is not the form that its content-type says");
  }
  const given: [string, FormDataEntryValue][] = [];
  form.forEach((value, name) => {
    given.push([name, value]);
  });
  const entries = await Promise.all(
    given.map(async ([name, value]): Promise<[string, unknown]> => {
      if (typeof value === "string") return [name, value];
      const content = Buffer.from(await value.arrayBuffer()).toString("base64");
      return [name, { name: value.name, type: value.type, size: value.size, content }];
    }),
  );
  return byName(entries);
}

/**
 * Values by their names; a list where a name comes several times.
 *
 * @throws BodyError 413 where there are too many
 */
export function byName(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const found = new Map<string, unknown[]>();
  let count = 0;
  for (const [name, value] of entries) {
    if (++count > MOST_FIELDS) throw new BodyError(413, `A form or a query may have ${MOST_FIELDS} fields at most`);
    const list = found.get(name);
    if (list === undefined) found.set(name, [value]);
    else list.push(value);
  }
  // No name of a sender's reaches the prototype.
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, list] of found) if (name !== "__proto__") values[name] = list.length === 1 ? list[0] : list;
  return { ...values };
}
