/** Text that fits. */

/** How much room a text takes. */
export type Measure = (text: string) => number;

/** Its length in UTF-16, as most services count. */
export const characters: Measure = (text) => text.length;

/**
 * The text where it fits, else its longest beginning that does, with an ellipsis; no character is cut in two.
 *
 * @param measure never smaller for a longer beginning
 */
export function cut(text: string, most: number, measure: Measure = characters): string {
  if (measure(text) <= most) return text;
  let [fits, over] = [0, text.length];
  while (over - fits > 1) {
    const middle = (fits + over) >>> 1;
    if (measure(beginning(text, middle)) <= most) fits = middle;
    else over = middle;
  }
  return beginning(text, fits);
}

function beginning(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  // Half of a pair of surrogates is no character.
  const end = last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
  return `${text.slice(0, end)}…`;
}
