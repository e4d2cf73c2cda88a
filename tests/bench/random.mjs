/**
 * A repeatable source of numbers: the same seed gives the same sequence on every machine.
 *
 * @param {number} seed any integer
 * @returns {() => number} numbers from 0 up to, not including, 1
 */
export function seededRandom(seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    // A 32-bit xorshift: plenty for laying out a graph or filling a table.
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}
