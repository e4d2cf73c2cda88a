/** "Did you mean": the names among those that are known that are most like one that is not. */

/** Names that are told. */
const MOST_NAMES = 3;
/** Names that are compared; of a folder with a million files that is enough. */
const MOST_COMPARED = 20_000;
/** Characters of a name that are compared. */
const LONGEST = 200;

/**
 * The known names closest to `wanted`, best first: those that differ in letter case alone, then by the number of letters
 * that were left out, added, changed or swapped. None where nothing is close.
 *
 * @param most letters at the most; default: more of them the longer the name is
 */
export function closeNames(
  wanted: string,
  known: Iterable<string>,
  most = wanted.length <= 3 ? 1 : wanted.length <= 7 ? 2 : 3,
): string[] {
  const found: { name: string; distance: number }[] = [];
  let compared = 0;
  for (const name of known) {
    if (++compared > MOST_COMPARED) break;
    if (name === wanted || Math.abs(name.length - wanted.length) > most || name.length > LONGEST) continue;
    const [one, other] = [wanted.toLowerCase(), name.toLowerCase()];
    const distance = one === other ? 0 : distanceOf(one, other);
    if (distance <= most && distance < Math.max(name.length, wanted.length)) found.push({ name, distance });
  }
  const longer = ({ name }: { name: string }) => Math.abs(name.length - wanted.length);
  found.sort(
    (one, other) => one.distance - other.distance || longer(one) - longer(other) || (one.name < other.name ? -1 : 1),
  );
  return found.slice(0, MOST_NAMES).map(({ name }) => name);
}

/** The names in one phrase: `` `a`, `b` or `c` ``. */
export function namesText(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** `. Did you mean …?` for the end of a message where there are names that were probably meant, otherwise something else. */
export function meantText(close: readonly string[], otherwise = ""): string {
  return close.length > 0 ? `. Did you mean ${namesText(close)}?` : otherwise;
}

/** Optimal string alignment: letters left out, added, changed, or swapped with their neighbour. */
function distanceOf(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      let least = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (isSame ? 0 : 1),
      );
      if (row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]) {
        least = Math.min(least, (before[column - 2] as number) + 1);
      }
      current.push(least);
    }
    [before, last] = [last, current];
  }
  return last[other.length] as number;
}
