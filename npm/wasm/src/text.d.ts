/** What the build makes of a file: `inText` in `tsdown.config.ts`. */
declare module "*?text" {
  /** The characters that are digits, the first for 0. */
  export const DIGITS: string;
  /** How many digits stand for a rank by themselves; the others need another digit behind them. */
  export const SINGLE: number;
  /** Every byte, two hexadecimal digits each, the most frequent first: byte by rank. */
  export const RANKED: string;
  /** The file, as ranks in digits. */
  export const TEXT: string;
  /** How many bytes the file has. */
  export const LENGTH: number;
}
