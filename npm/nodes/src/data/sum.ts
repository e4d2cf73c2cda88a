/**
 * A running sum with Neumaier's compensation: what each addition rounds off is kept aside and added at the end, so that ten
 * times 0.1 is 1. The native library does the same operations in the same order, for the same bits.
 */
export class Sum {
  #total = 0;
  #roundedOff = 0;

  /** Adds a finite number. */
  add(number: number): void {
    const total = this.#total + number;
    this.#roundedOff +=
      Math.abs(this.#total) >= Math.abs(number) ? this.#total - total + number : number - total + this.#total;
    this.#total = total;
  }

  /** The sum; infinite once an addition has passed the largest number, whatever was added afterwards. */
  get value(): number {
    // Beyond the largest number what was rounded off is not a number.
    return Number.isFinite(this.#total) ? this.#total + this.#roundedOff : this.#total;
  }
}
