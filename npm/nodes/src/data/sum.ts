import { losesDigits } from "./decimal.js";

/**
 * A running sum with Neumaier's compensation: what each addition rounds off is kept aside and added at the end, so that ten
 * times 0.1 is 1. The native library does the same operations in the same order, for the same bits.
 */
export class Sum {
  #total = 0;
  #roundedOff = 0;
  #isWhole = true;
  #lostDigits = false;

  /** Adds a finite number; `spelled` is what it was read from. */
  add(number: number, spelled?: unknown): void {
    // Numbers of this size that are no text may be measured or computed.
    if (!Number.isSafeInteger(number)) {
      this.#isWhole = false;
      if (typeof spelled !== "number" && losesDigits(String(spelled))) this.#lostDigits = true;
    }
    const total = this.#total + number;
    this.#roundedOff +=
      Math.abs(this.#total) >= Math.abs(number) ? this.#total - total + number : number - total + this.#total;
    this.#total = total;
    if (this.#isWhole && !Number.isSafeInteger(total)) this.#lostDigits = true;
  }

  /** Whether whole numbers were added whose last digits, or those of a sum of them, a number does not keep. */
  get lostDigits(): boolean {
    return this.#lostDigits;
  }

  /** The sum; infinite once an addition has passed the largest number, whatever was added afterwards. */
  get value(): number {
    // Beyond the largest number what was rounded off is not a number.
    return Number.isFinite(this.#total) ? this.#total + this.#roundedOff : this.#total;
  }
}
