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
  const ranked = Uint8Array.from({ length: 256 }, (_, rank) =>
    Number.parseInt(RANKED.slice(2 * rank, 2 * rank + 2), 16),
  );
  // By character: the byte, or below 0 the rank at which what the next one says is counted from. Nothing here has been
  // compiled when it runs, so the less is done for each character the better.
  const meanings = new Int16Array(128);
  for (let digit = 0; digit < DIGITS.length; digit++) {
    meanings[DIGITS.charCodeAt(digit)] =
      digit < SINGLE ? (ranked[digit] as number) : -(SINGLE + (digit - SINGLE) * DIGITS.length);
  }
  const digits = new Uint8Array(128);
  for (let digit = 0; digit < DIGITS.length; digit++) digits[DIGITS.charCodeAt(digit)] = digit;
  const bytes = new Uint8Array(LENGTH);
  for (let at = 0, from = 0; at < LENGTH; at++) {
    const meaning = meanings[text.charCodeAt(from++)] as number;
    bytes[at] = meaning >= 0 ? meaning : (ranked[(digits[text.charCodeAt(from++)] as number) - meaning] as number);
  }
  return bytes;
}
