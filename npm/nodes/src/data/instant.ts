const ISO = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)([.,]\d+)?)?(?:(Z)|([+-])(\d\d):?(\d\d))?)?)?$/i;

/**
 * The moment that a value is or spells, in ms since 1970: a date, a number of ms, or text of the form `2024-02-29`, `2024-02`
 * or `2024-02-29T10:00:00.5+02:00`, in UTC where it names no zone. `undefined` for anything else, such as a day that no
 * month has.
 */
export function instantOf(value: unknown): number | undefined {
  if (value instanceof Date) return finite(value.getTime());
  if (typeof value === "number") return finite(value);
  if (typeof value !== "string") return undefined;
  const found = ISO.exec(value.trim());
  if (found === null) return undefined;
  const [
    ,
    year,
    month,
    day = "1",
    hour = "0",
    minute = "0",
    second = "0",
    fraction = "",
    ,
    sign,
    ahead = "0",
    aside = "0",
  ] = found;
  const midnight = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const date = new Date(midnight);
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || Number(ahead) > 23 || Number(aside) > 59)
    return undefined;
  const zone = (sign === "-" ? -1 : 1) * (Number(ahead) * 60 + Number(aside));
  const seconds = Number(hour) * 3600 + (Number(minute) - zone) * 60 + Number(second);
  // Parts of ms are kept: databases tell microseconds.
  return midnight + seconds * 1000 + (fraction === "" ? 0 : Number(`0.${fraction.slice(1)}`) * 1000);
}

/** Whether a value is text that spells a moment of a day with the zone in which that is. */
export function namesZone(value: unknown): value is string {
  return (
    typeof value === "string" &&
    /\d(?:Z|[+-]\d\d:?\d\d)$/i.test(value.trim()) &&
    /:\d\d/.test(value) &&
    instantOf(value) !== undefined
  );
}

function finite(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}
