import { NodeError } from "../../contract/error.js";
import { MOST_CHARACTERS, MOST_VALUES, written } from "../limits.js";
import type { ScriptSource } from "../sandbox.js";
import { tooManyValues } from "./failures.js";

const [QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/**
 * Measures the answers of one run before they become text of this side, and values later: what the engine says of them
 * is not taken for granted.
 */
export class AnswerSize {
  readonly #source: ScriptSource;
  #bytes = 0;
  #values = 0;

  constructor(source: ScriptSource) {
    this.#source = source;
  }

  /** Counts the bytes of one more answer in. @throws NodeError MEMORY_LIMIT_EXCEEDED when it is too much */
  readonly add = (bytes: Uint8Array): void => {
    const { name, memoryBytes } = this.#source;
    const most = Math.max(MOST_CHARACTERS, memoryBytes);
    this.#bytes += bytes.length;
    if (this.#bytes > most) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `${name} answered more than ${written(most)} bytes`);
    }
    this.#values += valuesIn(bytes);
    if (this.#values > MOST_VALUES) throw tooManyValues(name);
  };
}

/** At least as many as there are values in JSON text. */
function valuesIn(bytes: Uint8Array): number {
  let values = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === COMMA || byte === BRACKET || byte === BRACE) values++;
    else if (byte === QUOTE) at = endOfString(bytes, at);
  }
  return values;
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
