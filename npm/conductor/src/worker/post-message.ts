/** Values on their way between a page and its worker: cloned as the structured clone algorithm does it. */
import { cloneability, memoryIn as largeMemoryIn, messageOf } from "@atomiton/values";
import { coded } from "../engine/failure.js";

/** Smaller memory is copied: to hand it over costs about as much. In bytes. */
const LEAST_TRANSFERRED = 16 * 1024;

/**
 * Sends a message. Throws an error with the code `SERIALIZATION_FAILED` that names the part that cannot be cloned.
 *
 * @param parts what in the message may be anything, by the names that the error uses
 * @param transfer memory that the receiver gets instead of a copy; where that is refused, it gets a copy
 */
export function send(
  port: Pick<MessagePort, "postMessage">,
  message: unknown,
  parts: () => Record<string, unknown>,
  transfer: Transferable[] = [],
): void {
  try {
    port.postMessage(message, transfer);
  } catch (cause) {
    const problem = uncloneable(parts());
    // Memory that cannot be handed over, such as that of a WebAssembly module, can still be copied.
    if (problem === undefined && transfer.length > 0) return send(port, message, parts);
    throw coded("SERIALIZATION_FAILED", unsendable(problem ?? messageOf(cause)), cause);
  }
}

/** The first of these values that cannot be cloned, with the path to it: `context.input.rows.0.parse is a function`. */
export function uncloneable(parts: Record<string, unknown>): string | undefined {
  for (const [name, value] of Object.entries(parts)) {
    const { problem } = cloneability(value, name, { triesAll: true });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The large memory in a value, each once. Only for values whose memory is needed nowhere else. */
export function memoryIn(value: unknown): ArrayBuffer[] {
  return largeMemoryIn(value, LEAST_TRANSFERRED);
}

function unsendable(problem: string): string {
  return `A value cannot go between the page and its worker: ${problem}. Use plain data.`;
}
