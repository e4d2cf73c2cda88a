import { losesDigits } from "./decimal.js";

/** How many of the last place make up 1, at the most; numbers with more decimals are added as they are. */
const LAST_PLACE = 1e15;
/**
 * A number of last places up to which what is rounded off is less than half of one: that numbers are not quite the decimals that they
 * are written as, what adding leaves and the product are each at most 2 ** -53 of it, together a third of a place.
 */
const MOST_PLACES = 1e15;

/**
 * The sum of decimals, as people add them: 0.1 and 0.2 are 0.3. Neumaier's compensation keeps aside what each addition rounds off, and
 * the result is rounded to the places that the numbers have, where all have few enough for that to be exact; others are added as
 * they are. The native library does the same operations in the same order, for the same bits.
 */
export class Sum {
  #total = 0;
  #roundedOff = 0;
  /** Of all numbers without their signs: bounds what may have been rounded off. */
  #size = 0;
  /** How many of the last place of all numbers so far make up 1; more than LAST_PLACE where one has no last place. */
  #places = 1;
  #isWhole = true;
  #lostDigits = false;

  /** Adds a finite number; `spelled` is what it was read from. */
  add(number: number, spelled?: unknown): void {
    // Numbers of this size that are no text may be measured or computed.
    if (!Number.isSafeInteger(number)) {
      this.#isWhole = false;
      if (typeof spelled !== "number" && losesDigits(String(spelled))) this.#lostDigits = true;
      while (this.#places <= LAST_PLACE && Math.round(number * this.#places) / this.#places !== number) {
        this.#places *= 10;
      }
    }
    const total = this.#total + number;
    this.#roundedOff +=
      Math.abs(this.#total) >= Math.abs(number) ? this.#total - total + number : number - total + this.#total;
    this.#total = total;
    this.#size += Math.abs(number);
    if (this.#isWhole && !Number.isSafeInteger(total)) this.#lostDigits = true;
  }

  /** Whether whole numbers were added whose last digits, or those of a sum of them, a number does not keep. */
  get lostDigits(): boolean {
    return this.#lostDigits;
  }

  /** The sum; infinite once an addition has passed the largest number, whatever was added afterwards. */
  get value(): number {
    return this.mean(1);
  }

  /** The sum divided by a count of numbers. */
  mean(count: number): number {
    // Beyond the largest number what was rounded off is not a number.
    if (!Number.isFinite(this.#total)) return this.#total / count;
    const sum = this.#total + this.#roundedOff;
    const hasPlaces = this.#places > 1 && this.#places <= LAST_PLACE && this.#size * this.#places < MOST_PLACES;
    // Nothing that is left of decimals is 0 and not -0.
    return hasPlaces ? Math.round(sum * this.#places) / (this.#places * count) + 0 : sum / count;
  }
}
