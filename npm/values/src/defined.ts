/** What {@link definedIn} gives: of names that are known each may be missing, of others each that is there has a value. */
export type Defined<Fields> = string extends keyof Fields
  ? { [Name in keyof Fields]: Exclude<Fields[Name], undefined> }
  : { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** The fields of an object that are not `undefined`, in an object of its own. */
export function definedIn<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
