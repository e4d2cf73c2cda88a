/** Where text stops being UTF-8. */
import { isUtf8 } from "node:buffer";

/** The first byte that is not UTF-8. */
export interface StrangeByte {
  value: number;
  /** From 1, as `line`. */
  offset: number;
  line: number;
  /** How the text is probably written. */
  likely: "utf-16le" | "utf-16be" | "windows-1252";
}

/** The first byte of text, in pieces, that is not UTF-8; `undefined` where all are. */
export async function firstStrangeByte(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<StrangeByte | undefined> {
  let [before, line] = [0, 1];
  let rest: Uint8Array = new Uint8Array();
  let likely: StrangeByte["likely"] | undefined;
  const found = (bytes: Uint8Array): StrangeByte | undefined => {
    if (isUtf8(bytes)) return undefined;
    const at = validLength(bytes);
    return {
      value: bytes[at] as number,
      offset: before + at + 1,
      line: line + linesIn(bytes.subarray(0, at)),
      likely: likely ?? "windows-1252",
    };
  };
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    if (bytes[0] === 0xff && bytes[1] === 0xfe) likely ??= before === 0 ? "utf-16le" : undefined;
    if (bytes[0] === 0xfe && bytes[1] === 0xff) likely ??= before === 0 ? "utf-16be" : undefined;
    // A character may go on in the next piece, and none goes on after the end of a line.
    const whole = bytes.lastIndexOf(0x0a) + 1;
    const strange = found(bytes.subarray(0, whole));
    if (strange !== undefined) return strange;
    before += whole;
    line += linesIn(bytes.subarray(0, whole));
    rest = bytes.subarray(whole);
  }
  return found(rest);
}

function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}

/** How many bytes at the start are UTF-8, up to the first that begins no character or is not ended as one. */
function validLength(bytes: Uint8Array): number {
  let [low, high] = [0, bytes.length];
  const isValid = (length: number): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isValid(middle)) low = middle;
    else high = middle - 1;
  }
  // What came before the byte that shows it may be the beginning of a character.
  while (low > 0 && !isUtf8(bytes.subarray(0, low))) low--;
  return low;
}
