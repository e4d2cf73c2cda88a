/** What a Python process is given of a node's input. */
import { NodeError } from "../../contract/error.js";
import { findData, isPlainObject, itemOfRound, unwrap } from "../../data/input.js";
import { MOST_CHARACTERS, TEXT_PER_MEMORY } from "../../sandbox/limits.js";
import { SandboxSerializer } from "../../sandbox/serializer.js";
import { recordBatches, tableBehind } from "../../table/table-output.js";
import type { PythonCall } from "./process.js";

/** Items from which a list crosses in pieces. */
const LONG_LIST = 1000;

/** The part of a call that is made of the input. */
export type PythonValues = Pick<PythonCall, "tag" | "decode" | "values" | "lists">;

/**
 * The inputs by handle and the main value among them, without what nodes put around their data. What is long is made into text
 * only when it is sent, in pieces.
 *
 * @param memory bytes that Python may take
 * @throws NodeError TYPE_MISMATCH naming what cannot cross, MEMORY_LIMIT_EXCEEDED
 */
export function valuesOf(input: unknown, variables: unknown, memory: number): PythonValues {
  const serializer = new SandboxSerializer(Math.min(memory, MOST_CHARACTERS / TEXT_PER_MEMORY), true);
  const lists: PythonCall["lists"][number][] = [];
  const crossed = (name: string | null, value: unknown): unknown => {
    const table = tableBehind(value);
    if (table !== undefined) lists.push({ name, batches: () => recordBatches(table) });
    else if (Array.isArray(value) && value.length > LONG_LIST) {
      lists.push({ name, batches: () => serializer.encodeItems(value) });
    } else return value;
    return null;
  };
  const byHandle = isPlainObject(input) && !tableBehind(input) ? input : { default: input };
  const handles = Object.entries(byHandle).map(([handle, value]) => [handle, unwrap(value)] as const);
  const data = findData(input, ["data"]) ?? itemOfRound(input);
  const same = data === undefined ? undefined : handles.find(([, value]) => value === data);
  const inputs = Object.fromEntries(handles.map(([handle, value]) => [handle, crossed(handle, value)]));
  // What came by a handle crosses once.
  const main = same === undefined ? { data: crossed(null, data) } : { handle: same[0] };
  return {
    tag: serializer.tag,
    decode: (text) => serializer.decode(text),
    values: encoded(serializer, { inputs, variables: variables ?? {}, main }),
    lists,
  };
}

function encoded(serializer: SandboxSerializer, values: object): string {
  try {
    return serializer.encode(values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new NodeError("MEMORY_LIMIT_EXCEEDED", "The input is longer as JSON text than a text can be", {
      cause: error,
    });
  }
}
