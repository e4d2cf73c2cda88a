/** How two records become one. */
import { NodeError } from "../../contract/error.js";
import type { Keyed } from "../../data/doubtful-keys.js";
import { fieldNames, filledRow, type Row, setField } from "../../data/rows.js";

/** Makes the record of a pair, or of a row of one side without a match. */
export interface Pairing {
  ofPair(left: Row, right: Row): Row;
  ofLeft(left: Row): Row;
  ofRight(right: Row): Row;
}

/**
 * Works out what the fields of both sides are called in joined records.
 *
 * @throws NodeError INVALID_PARAMETERS where the suffix makes two fields of one name; CANCELLED
 */
export async function pairingOf(
  left: Keyed,
  right: Keyed,
  suffix: string,
  signal: AbortSignal | undefined,
): Promise<Pairing> {
  const leftNames = await fieldNames(left.rows, signal);
  const rightNames = await fieldNames(right.rows, signal);
  const { shared, renamed } = namesOfPairs(leftNames, left.keys, rightNames, right.keys, suffix);
  const emptyLeft = filledRow(leftNames, null);
  const emptyRight = filledRow(renamed.values(), null);
  const addRight = (row: Row, record: Row): Row => {
    for (const name of Object.keys(record)) {
      const own = renamed.get(name);
      if (own !== undefined) setField(row, own, record[name]);
    }
    return row;
  };
  return {
    ofPair: (leftRow, rightRow) => addRight({ ...leftRow }, rightRow),
    ofLeft: (leftRow) => ({ ...leftRow, ...emptyRight }),
    ofRight(rightRow) {
      const row = { ...emptyLeft };
      for (const name of shared) if (Object.hasOwn(rightRow, name)) setField(row, name, rightRow[name]);
      return addRight(row, rightRow);
    },
  };
}

/** What the fields of the right side are called in joined records. */
export interface PairNames {
  /** Keys that both sides have under one name, and that are there once. */
  shared: readonly string[];
  /** All other fields, by their names in the right side. */
  renamed: ReadonlyMap<string, string>;
}

/**
 * Names the fields of the right side.
 *
 * @throws NodeError INVALID_PARAMETERS where the suffix makes two fields of one name
 */
export function namesOfPairs(
  leftNames: ReadonlySet<string>,
  leftKeys: readonly string[],
  rightNames: ReadonlySet<string>,
  rightKeys: readonly string[],
  suffix: string,
): PairNames {
  const isShared = (name: string) =>
    leftNames.has(name) && rightNames.has(name) && leftKeys.some((key, at) => key === name && rightKeys[at] === name);
  const shared = [...rightNames].filter(isShared);
  const renamed = new Map<string, string>();
  const taken = new Set(leftNames);
  for (const name of rightNames) {
    if (shared.includes(name)) continue;
    const own = leftNames.has(name) ? name + suffix : name;
    if (taken.has(own)) throw sameName(name, own, suffix);
    taken.add(own);
    renamed.set(name, own);
  }
  return { shared, renamed };
}

function sameName(name: string, own: string, suffix: string): NodeError {
  return new NodeError(
    "INVALID_PARAMETERS",
    `With the \`suffix\` ${JSON.stringify(suffix)} the field \`${name}\` of the right side would be called \`${own}\`, as another field is; choose another \`suffix\``,
  );
}
