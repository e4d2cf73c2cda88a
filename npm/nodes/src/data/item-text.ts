/** An item as messages show it: the first fields of an object, anything else as it is found. */
import { foundText } from "../contract/issues.js";
import { isPlainObject } from "./input.js";

/** Fields that are shown. */
const MOST_FIELDS = 5;

/** Such as `{ country: "NO", amount: 120, … }`; asks no getters. */
export function itemText(item: unknown): string {
  if (!isPlainObject(item)) return foundText(item);
  const fields = Object.entries(Object.getOwnPropertyDescriptors(item)).filter(([, { value }]) => value !== undefined);
  const shown = fields.slice(0, MOST_FIELDS).map(([name, { value }]) => `${name}: ${foundText(value)}`);
  return fields.length === 0 ? "an object" : `{ ${shown.join(", ")}${fields.length > shown.length ? ", …" : ""} }`;
}
