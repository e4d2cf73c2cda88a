import { isPlainObject, type Plain, samePlain } from "../data/plain.js";

/**
 * For each element of a changed list, the index of the one of the old list that it continues, if any. Where all elements are
 * objects with an `id` of their own, the `id` decides. Else equal elements belong together, wherever they went; and a changed
 * one is the old one of its place only where the list has kept its length and the neighbours are what they were.
 */
export function partnersOf(before: readonly Plain[], after: readonly Plain[]): (number | undefined)[] {
  const ids = before.map(idOf);
  const known = new Map(ids.map((id, index) => [id, index]));
  const newIds = after.map(idOf);
  const told = !ids.includes(undefined) && !newIds.includes(undefined);
  if (told && known.size === ids.length && new Set(newIds).size === newIds.length) {
    return newIds.map((id) => known.get(id));
  }
  return equals(before, after);
}

function idOf(value: Plain): string | undefined {
  const id = isPlainObject(value) ? value["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

function equals(before: readonly Plain[], after: readonly Plain[]): (number | undefined)[] {
  // Of equal elements, those at the start and the end stay where they are.
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && samePlain(before[start] as Plain, after[start] as Plain)) start++;
  let end = 0;
  while (end < shorter - start && samePlain(before.at(-1 - end) as Plain, after.at(-1 - end) as Plain)) end++;

  const moved = new Map<string, number[]>();
  for (let index = before.length - end - 1; index >= start; index--) {
    const text = textOf(before[index] as Plain);
    const places = moved.get(text);
    if (places) places.push(index);
    else moved.set(text, [index]);
  }
  const partners = after.map((value, index) => {
    if (index < start) return index;
    if (index >= after.length - end) return index - after.length + before.length;
    return moved.get(textOf(value))?.pop();
  });
  if (before.length !== after.length) return partners;
  const taken = new Set(partners);
  const stays = (index: number) => index < 0 || index >= partners.length || partners[index] === index;
  return partners.map((partner, index) => {
    const isChangedInPlace = partner === undefined && !taken.has(index) && stays(index - 1) && stays(index + 1);
    return isChangedInPlace ? index : partner;
  });
}

/** The same for equal values, whatever the order of their keys. */
function textOf(value: Plain): string {
  return JSON.stringify(value, (_, each: Plain) =>
    isPlainObject(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );
}
