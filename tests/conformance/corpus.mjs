/** The scenarios and what is expected of them, on disk. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

import { loadAddon } from "@atomiton/conductor-native";

const FLOWS = new URL("flows/", import.meta.url);

/** Where expectations of the format's first version lie. */
export const EXPECTED = new URL("expected/v1/", import.meta.url);

/** All scenarios, sorted by name: `{ name, scenario }`. */
export function scenarios() {
  const named = readdirSync(FLOWS).map((file) => ({ name: file.replace(/\.yaml$/, ""), scenario: read(file) }));
  return named.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is expected of a scenario: `kind` is `journal` or `result`. `undefined` when nothing is written down. */
export function expected(name, kind) {
  const place = new URL(`${name}.${kind}`, EXPECTED);
  return existsSync(place) ? readFileSync(place, "utf8") : undefined;
}

/** The names of all scenarios of which something of a kind is expected. */
export function expectations(kind) {
  const files = readdirSync(EXPECTED).filter((file) => file.endsWith(`.${kind}`));
  return files.map((file) => file.slice(0, -kind.length - 1)).sort();
}

/** The first line in which two texts differ, or `undefined`. */
export function firstDifference(found, wanted) {
  if (found === wanted) return undefined;
  const [one, other] = [found.split("\n"), wanted.split("\n")];
  const line = one.findIndex((text, place) => text !== other[place]);
  const at = line === -1 ? one.length : line;
  return `line ${at + 1}:\n  expected  ${other[at] ?? "the end"}\n  found     ${one[at] ?? "the end"}`;
}

/** Read by the engine, as the host in Rust reads it. */
function read(file) {
  const text = readFileSync(new URL(file, FLOWS), "utf8");
  const { value, problems } = JSON.parse(loadAddon().readDocument(text, "yaml"));
  if (value === undefined) throw new Error(`${file}: ${JSON.stringify(problems)}`);
  return value;
}
