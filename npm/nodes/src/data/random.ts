/**
 * Whole numbers at random, the same ones for the same seed on every machine: Marsaglia's xorshift with 32 bits and a Weyl
 * sequence (xorwow). Not for secrets.
 */
export class SeededRandom {
  readonly #state = new Uint32Array(6);

  /** @param seed a whole number, of which the lower 53 bits count */
  constructor(seed: number) {
    const state = this.#state;
    // Neighbouring seeds are mixed, or their first numbers would be alike.
    let mixed = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b1);
    for (let word = 0; word < state.length; word++) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let value = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
      value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
      state[word] = value ^ (value >>> 16);
    }
  }

  /** A number from 0 on below a bound of at most 2³², each as likely as the others. */
  below(bound: number): number {
    // What is left over at the end would make small numbers likelier.
    const most = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = this.#word();
      if (word < most) return word % bound;
    }
  }

  #word(): number {
    const state = this.#state;
    const last = state[4] as number;
    const first = state[0] as number;
    let next = last ^ (last >>> 2);
    state.copyWithin(1, 0, 4);
    next = next ^ (next << 1) ^ first ^ (first << 4);
    state[0] = next;
    state[5] = (state[5] as number) + 362437;
    return ((next >>> 0) + (state[5] as number)) >>> 0;
  }
}
