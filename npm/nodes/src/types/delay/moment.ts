import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";

const ISO = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?(?:[Zz]|[+-](\d\d):?(\d\d))?$/;

/**
 * The ms since 1970 of a moment in ISO 8601, such as `2030-01-31T09:00:00+01:00`.
 *
 * @throws NodeError INVALID_PARAMETERS for a time without a zone, for a day or an hour that there is not, and for other text
 */
export function momentOf(text: string, parameter: string): number {
  const written = text.trim();
  const parts = ISO.exec(written);
  if (parts === null) throw refused(parameter, text, "a moment in ISO 8601, such as 2030-01-31T09:00:00Z");
  if (!/(?:[Zz]|[+-]\d\d:?\d\d)$/.test(written.slice(10))) {
    throw refused(parameter, text, "a moment with its zone: add Z for UTC, or the difference to it such as +01:00");
  }
  const [, year, month, day, hour, minute, second = 0, zoneHour = 0, zoneMinute = 0] = parts.map(Number);
  // A day that there is not would be read as one of the next month.
  const days = new Date(Date.UTC(2000, month as number, 0)).getUTCDate();
  const isLeap = new Date(Date.UTC(year as number, 2, 0)).getUTCDate() === 29;
  const isDay = (day as number) >= 1 && (day as number) <= (month === 2 && !isLeap ? 28 : days);
  const isMonth = (month as number) >= 1 && (month as number) <= 12;
  const isTime = (hour as number) <= 23 && (minute as number) <= 59 && (second || 0) <= 59;
  const isZone = (zoneHour || 0) <= 23 && (zoneMinute || 0) <= 59;
  if (!isMonth || !isDay || !isTime || !isZone) throw refused(parameter, text, "a moment that there is");
  const moment = Date.parse(
    written
      .toUpperCase()
      .replace(",", ".")
      .replace(/([+-]\d\d)(\d\d)$/, "$1:$2"),
  );
  if (Number.isNaN(moment)) throw refused(parameter, text, "a moment in ISO 8601, such as 2030-01-31T09:00:00Z");
  return moment;
}

function refused(parameter: string, found: string, allowed: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", `\`${parameter}\` must be ${allowed}, found ${foundText(found)}`);
}
