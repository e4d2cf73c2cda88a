/** Immutable collections, for states that are shown to many. */

/** Makes a map's methods refuse changes. */
export function frozenMap<K, V>(map: Map<K, V>): Map<K, V> {
  for (const method of ["set", "delete", "clear"] as const) {
    Object.defineProperty(map, method, { value: refuse });
  }
  return Object.freeze(map);
}

/** A list, and the lists in it, that cannot be changed. */
export function frozenList<T>(list: T[]): T[] {
  for (const item of list) if (typeof item === "object" && item !== null) Object.freeze(item);
  return Object.freeze(list) as T[];
}

function refuse(): never {
  throw new TypeError("This state is shown to others and cannot be changed; use the store's methods");
}
