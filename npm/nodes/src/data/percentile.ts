import { Sum } from "./sum.js";

/**
 * The number below which so many percent (0–100) of the others lie, between two of them as far as that is from both; `undefined` of
 * none. Spreadsheets call it PERCENTILE.INC. The native library does the same operations, for the same bits.
 */
export function percentile(numbers: Iterable<number>, percent: number): number | undefined {
  const sorted = Float64Array.from(numbers).sort();
  if (sorted.length === 0) return undefined;
  const place = ((sorted.length - 1) * percent) / 100;
  const part = place - Math.floor(place);
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  if (low === high) return low;
  if (part === 0.5) {
    // As decimals are added, unless that passes the largest number.
    const sum = new Sum();
    sum.add(low);
    sum.add(high);
    const mean = sum.mean(2);
    if (Number.isFinite(mean)) return mean;
  }
  const range = high - low;
  return Number.isFinite(range) ? low + range * part : low * (1 - part) + high * part;
}
