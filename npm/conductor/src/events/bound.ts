type Method = (...args: never[]) => unknown;

/** The methods of an object as functions that work without it. */
export function bound<T extends object, K extends keyof T>(object: T, names: readonly K[]): Pick<T, K> {
  const functions = names.map((name) => [name, (object[name] as Method).bind(object)]);
  return Object.fromEntries(functions) as Pick<T, K>;
}
