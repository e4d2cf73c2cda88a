import { NodeError } from "../../contract/error.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";

/**
 * Records out of JSON (a list of objects) or JSON Lines (an object in each line that is not empty).
 *
 * @throws NodeError DESERIALIZATION_FAILED naming the line or the item that is no object
 */
export function jsonRecords(text: string, format: "json" | "jsonl"): PlainObject[] {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  return format === "json" ? recordsOfList(parsed(source, "The JSON cannot be read")) : recordsOfLines(source);
}

function recordsOfList(value: unknown): PlainObject[] {
  if (!Array.isArray(value)) throw unreadable(`A table in JSON is a list of objects, not ${kindOf(value)}`);
  const wrong = value.findIndex((item) => !isPlainObject(item));
  if (wrong !== -1) throw unreadable(`Item ${wrong} of the list is ${kindOf(value[wrong])}, not an object`);
  return value as PlainObject[];
}

function recordsOfLines(text: string): PlainObject[] {
  const records: PlainObject[] = [];
  let number = 0;
  for (let start = 0; start <= text.length; ) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, end).trim();
    start = end + 1;
    number++;
    if (line === "") continue;
    const value = parsed(line, `Line ${number} is not JSON`);
    if (!isPlainObject(value)) throw unreadable(`Line ${number} is ${kindOf(value)}, not an object`);
    records.push(value);
  }
  return records;
}

function parsed(text: string, words: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(`${words}: ${(error as Error).message}`);
  }
}

function unreadable(message: string): NodeError {
  return new NodeError("DESERIALIZATION_FAILED", message);
}
