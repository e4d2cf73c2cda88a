/** Names that a message quotes. */
const MOST_NAMED = 3;

/** The first of some names, for a message. */
export function namesText(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED).map((name) => `\`${name}\``);
  return `${named.join(", ")}${names.length > MOST_NAMED ? ", …" : ""}`;
}
