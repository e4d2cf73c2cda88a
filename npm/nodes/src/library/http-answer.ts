/** Reads the body of an answer. */
import { NodeError } from "../contract/error.js";
import { toBase64 } from "../data/base64.js";
import { decodeText } from "../data/charset.js";

/** Bytes that an answer may have; more would take the memory of all other work. */
const LARGEST_ANSWER = 256 * 1024 * 1024;

/**
 * The body by its content type: JSON as a value, text as text, anything else as base64.
 *
 * @throws NodeError DESERIALIZATION_FAILED for a successful answer that is not what it says, EXECUTION_FAILED for one of
 *   more than 256 MiB
 */
export async function answerOf(response: Response): Promise<unknown> {
  const type = (response.headers.get("content-type") ?? "").toLowerCase();
  if (/[/+]json\b/.test(type)) {
    const text = await textOf(response, type);
    if (text === "") return null;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (!response.ok) return text;
      throw new NodeError("DESERIALIZATION_FAILED", "The answer says it is JSON but cannot be read as such", {
        cause: error,
      });
    }
  }
  if (type === "" || type.startsWith("text/") || /[/+]xml\b/.test(type)) return textOf(response, type);
  return toBase64(await bytesOf(response));
}

async function textOf(response: Response, type: string): Promise<string> {
  const bytes = await bytesOf(response);
  try {
    return decodeText(bytes, type);
  } catch (error) {
    if (response.ok) throw error;
    // That the request failed is worth more than how its explanation is written.
    return new TextDecoder().decode(bytes);
  }
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not every browser lets a stream be walked through with `for await`.
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    size += read.value.length;
    if (size > LARGEST_ANSWER) {
      await reader?.cancel();
      throw new NodeError("EXECUTION_FAILED", `The answer is larger than ${LARGEST_ANSWER} bytes`);
    }
    chunks.push(read.value);
  }
  const whole = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}
