import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";

/** The basic names of CSS. */
const NAMES: Readonly<Record<string, string>> = {
  transparent: "00000000",
  black: "000000",
  silver: "c0c0c0",
  gray: "808080",
  grey: "808080",
  white: "ffffff",
  maroon: "800000",
  red: "ff0000",
  purple: "800080",
  fuchsia: "ff00ff",
  green: "008000",
  lime: "00ff00",
  olive: "808000",
  yellow: "ffff00",
  navy: "000080",
  blue: "0000ff",
  teal: "008080",
  aqua: "00ffff",
  orange: "ffa500",
};

/**
 * A colour as red, green, blue and opacity, 0–255 each.
 *
 * @throws NodeError INVALID_PARAMETERS for text that is no colour
 */
export function colorOf(name: string, text: string): number[] {
  const word = text.trim().toLowerCase();
  const digits = (Object.hasOwn(NAMES, word) ? NAMES[word] : /^#([\da-f]{3,8})$/.exec(word)?.[1]) ?? "";
  const pairs = digits.length <= 4 ? Array.from(digits, (digit) => digit + digit) : (digits.match(/../g) ?? []);
  if (![3, 4, 6, 8].includes(digits.length)) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`${name}\` must be #rgb, #rgba, #rrggbb, #rrggbbaa or one of ${Object.keys(NAMES).join(", ")}, found ${foundText(text)}`,
    );
  }
  const channels = pairs.map((pair) => Number.parseInt(pair, 16));
  return channels.length === 4 ? channels : [...channels, 255];
}
