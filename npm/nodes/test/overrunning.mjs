/**
 * Single built-ins that run far beyond any deadline without the engine looking at the clock: code for `transform` over
 * the items `[1]` with a `memoryLimit` of 1 GiB, by the name of the built-in.
 */
export const overrunning = {
  "String indexOf": `() => ("a".repeat(1e6) + "b").repeat(20).indexOf("a".repeat(1e6) + "c")`,
  "String includes": `() => ("a".repeat(1e6) + "b").repeat(20).includes("a".repeat(1e6) + "c")`,
  "String split": `() => ("a".repeat(1e6) + "b").repeat(20).split("a".repeat(1e6) + "c")`,
  "String replaceAll": `() => ("a".repeat(1e6) + "b").repeat(20).replaceAll("a".repeat(1e6) + "c", "")`,
  "String normalize": `() => "\\u0344\\u0345".repeat(4e6).normalize("NFKD").length`,
  "String padEnd": `() => "".padEnd(1e9, "ab").length`,
  "Array join": `() => { const list = []; list.length = 2 ** 32 - 1; return list.join("") }`,
  "Array reverse": `() => Array.prototype.reverse.call({ length: 2 ** 53 - 1 })`,
  "Array sort": `() => Array.prototype.sort.call({ length: 2 ** 53 - 1 })`,
  "Array sort with a comparator": `() => Array.prototype.sort.call({ length: 2 ** 53 - 1 }, Math.min)`,
  "Array splice": `() => Array.prototype.splice.call({ length: 2 ** 52 }, 0, 1, 1, 2)`,
  "Array slice": `() => Array.prototype.slice.call({ length: 2 ** 32 - 1 })`,
  "Array spread": `() => { const list = new Array(2e7).fill(0); return [...list, ...list].length }`,
  "Array fill": `() => new Array(5e7).fill(0).length`,
  "Array concat": `() => [].concat({ length: 2 ** 32 - 1, [Symbol.isConcatSpreadable]: true })`,
  "Array copyWithin": `() => Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)`,
  "Array unshift": `() => Array.prototype.unshift.call({ length: 2 ** 52 }, 1)`,
  "Array.from": `() => Array.from({ length: 1e9 }).length`,
  "TypedArray set": `() => { new Uint8Array(3e7).set({ length: 3e7 }) }`,
  "TypedArray join": `() => new Uint8Array(2e7).join("").length`,
  "JSON.stringify": `() => { const list = new Array(4000).fill(0); return JSON.stringify(new Array(4000).fill(list)).length }`,
  "JSON.parse": `() => JSON.parse("[" + "[],".repeat(3e6) + "0]").length`,
  "BigInt to text": `() => (7n ** 300000n).toString().length`,
  eval: `() => eval("1" + "+1".repeat(1e7))`,
};
