/** The module out of the code itself: nothing is fetched, and no file has to lie beside it. */
import { DIGITS, LENGTH, RANKED, SINGLE, TEXT } from "./generated/conductor.wasm?text";

/** The module, compiled. */
export function inlinedModule(): WebAssembly.Module {
  return new WebAssembly.Module(bytesOf(TEXT));
}

/** The same, compiled while this thread goes on. */
export function compileInlined(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytesOf(TEXT));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const digits = new Uint8Array(128);
  for (let digit = 0; digit < DIGITS.length; digit++) digits[DIGITS.charCodeAt(digit)] = digit;
  const ranked = Uint8Array.from({ length: 256 }, (_, rank) =>
    Number.parseInt(RANKED.slice(2 * rank, 2 * rank + 2), 16),
  );
  const bytes = new Uint8Array(LENGTH);
  for (let at = 0, from = 0; at < LENGTH; at++) {
    let rank = digits[text.charCodeAt(from++)] as number;
    if (rank >= SINGLE) {
      rank = SINGLE + (rank - SINGLE) * DIGITS.length + (digits[text.charCodeAt(from++)] as number);
    }
    bytes[at] = ranked[rank] as number;
  }
  return bytes;
}
