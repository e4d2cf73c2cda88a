/** Reads the body of an answer. */
import { NodeError } from "../contract/error.js";
import { toBase64 } from "../data/base64.js";
import { decodeText } from "../data/charset.js";
import { warnOfLostDigitsIn } from "../data/lost-digits.js";

/** Bytes that an answer may have; more would take the memory of all other work. */
export const LARGEST_ANSWER = 256 * 1024 * 1024;

/** Counts the bytes of one answer, or of several that count together. */
export class AnswerBudget {
  /** Bytes so far. */
  used = 0;

  /** @param maxSize bytes that are allowed */
  constructor(readonly maxSize: number = LARGEST_ANSWER) {}

  /** @throws NodeError EXECUTION_FAILED where there are more than are allowed, which no further try mends */
  add(bytes: number): void {
    this.used += bytes;
    if (this.used <= this.maxSize) return;
    throw new NodeError("EXECUTION_FAILED", `The answer is larger than ${this.maxSize} bytes`, {
      advice: ["Ask for less, write the answer to a file with `saveTo`, or raise `maxSize` where it was lowered."],
      retry: false,
    });
  }
}

/**
 * The bytes of an answer as they come; the connection is closed when no more are asked for.
 *
 * @throws NodeError EXECUTION_FAILED for too many of them
 */
export async function* piecesOf(
  { body }: Response,
  budget: AnswerBudget,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  // Not every browser lets a stream be walked through with `for await`.
  const reader = body?.getReader();
  try {
    for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
      budget.add(read.value.length);
      yield read.value;
    }
  } finally {
    // Does nothing after the end; what it rejects with is known from reading.
    await reader?.cancel().catch(() => {});
  }
}

/**
 * The body by its content type: JSON as a value, text as text, anything else as base64. Without a type its bytes say what
 * it is. Numbers in JSON that lose digits are warned of.
 *
 * @param budget how large it may be. Default: 256 MiB
 * @throws NodeError DESERIALIZATION_FAILED for a successful answer that is not what it says, EXECUTION_FAILED for one that
 *   is larger than the budget, and for JSON that is cut short where the request may be sent again
 */
export async function answerOf(
  response: Response,
  warn?: (rule: string, message: string) => void,
  budget = new AnswerBudget(),
  asked: Asked = {},
): Promise<unknown> {
  const type = (response.headers.get("content-type") ?? "").toLowerCase();
  if (/[/+]json\b/.test(type)) {
    const text = await textOf(response, type, budget);
    if (text === "") return null;
    try {
      const value = JSON.parse(text) as unknown;
      if (warn) warnOfLostDigitsIn(text, "The answer", warn);
      return value;
    } catch (error) {
      if (!response.ok) return text;
      throw noJson(text, error as Error, asked);
    }
  }
  if (type === "") return withoutType(await bytesOf(response, budget), warn);
  if (type.startsWith("text/") || /[/+]xml\b/.test(type)) return textOf(response, type, budget);
  return toBase64(await bytesOf(response, budget));
}

/** What is known of the request of an answer. */
export interface Asked {
  method?: string;
  /** What no error may repeat. */
  secret?: string | undefined;
}

/** Characters of an answer that an error quotes. */
const QUOTED = 80;

/** The failure for an answer that says it is JSON and is not. One that ends too early may be whole at another try. */
function noJson(text: string, cause: Error, { method = "POST", secret }: Asked): NodeError {
  const shown = secret === undefined ? text : text.replaceAll(secret, "***");
  const begin = `it begins with ${JSON.stringify(shown.slice(0, QUOTED))}${shown.length > QUOTED ? "…" : ""}`;
  const said = / at position (\d+)/.exec(cause.message)?.[1];
  const position = said === undefined ? undefined : Number(said);
  // Engines have other words each, and not all of them say where it is.
  const isCut = position === text.length || (said === undefined && CUT.test(cause.message));
  if (!isCut) {
    const at = position === undefined ? "" : ` from character ${position + 1}`;
    const advice = ["Look at what the address answers: it may be the page of a proxy, of a login or of an error."];
    const message = `The answer says it is JSON but cannot be read as such${at}; ${begin}`;
    return new NodeError("DESERIALIZATION_FAILED", message, { cause, advice });
  }
  const message = `The answer says it is JSON and ends too early, after character ${text.length}; ${begin}`;
  if (method === "GET" || method === "HEAD") {
    const advice = [
      "Try again: give the node `policy: { retries: 3 }`, or look for what cuts answers of the server short.",
    ];
    return new NodeError("EXECUTION_FAILED", message, { cause, advice });
  }
  const advice = ["Find out whether the request had its effect before it is sent again."];
  return new NodeError("DESERIALIZATION_FAILED", message, { cause, advice });
}

const CUT = /end of (?:JSON )?(?:input|data)|unterminated|EOF/i;

/** An answer that does not say what it is: objects and lists of JSON as such, other text as text, what is no text as base64. */
function withoutType(bytes: Uint8Array, warn: ((rule: string, message: string) => void) | undefined): unknown {
  const text = textIn(bytes);
  if (text === undefined) return toBase64(bytes);
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    const value = JSON.parse(text) as unknown;
    if (warn) warnOfLostDigitsIn(text, "The answer", warn);
    return value;
  } catch {
    return text;
  }
}

/** Text of bytes that are UTF-8, or say by a byte order mark what they are. */
function textIn(bytes: Uint8Array): string | undefined {
  const isMarked = (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe);
  try {
    const text = isMarked ? decodeText(bytes, "") : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // No text that is written holds these; many formats of files that look like text at first do.
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

async function textOf(response: Response, type: string, budget: AnswerBudget): Promise<string> {
  const bytes = await bytesOf(response, budget);
  try {
    return decodeText(bytes, type);
  } catch (error) {
    if (response.ok) throw error;
    // That the request failed is worth more than how its explanation is written.
    return new TextDecoder().decode(bytes);
  }
}

async function bytesOf(response: Response, budget: AnswerBudget): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of piecesOf(response, budget)) {
    size += chunk.length;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}
