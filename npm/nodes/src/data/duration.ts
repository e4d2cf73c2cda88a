const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What to write where a text is no duration. */
export const DURATION_EXAMPLES = "`250ms`, `10s`, `5m`, `1.5h` or `2d`";

/**
 * The ms of a duration such as `250ms`, `10s`, `5m`, `1.5h` or `2d`: a decimal number, then its unit. `undefined` for any
 * other text. The engine's reader has the same rule, and a test compares them; the library cannot ask it, because it works
 * without an engine too.
 */
export function durationMs(text: string): number | undefined {
  const [, whole, fraction = "", unit] = /^(\d+)(?:\.(\d+))?(ms|s|m|h|d)$/.exec(text) ?? [];
  if (whole === undefined || unit === undefined) return undefined;
  const factor = UNITS[unit] as number;
  const ms = Number(whole) * factor + (Number(fraction) * factor) / 10 ** fraction.length;
  return Number.isFinite(ms) ? ms : undefined;
}

/** A duration in ms; anything else as it is, for a schema to judge. */
export function inMs(value: unknown): unknown {
  return typeof value === "string" ? (durationMs(value) ?? value) : value;
}
