import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { findData, isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { executable, type NodeWork } from "../../library/work.js";
import { listIn } from "../../table/list-in.js";
import { xml } from "./definition.js";

interface Parameters {
  operation: "parse" | "build";
  lists?: string[];
  numbers: boolean;
  root?: string;
  item: string;
  declaration: boolean;
  indent: boolean;
}

const LONGEST_TEXT = 50 * 1024 * 1024;

/**
 * Reads and writes XML.
 *
 * Fails with DESERIALIZATION_FAILED (with line and column), TYPE_MISMATCH (what is no text; what cannot be written),
 * INVALID_PARAMETERS (text without end; no `root`) or CANCELLED.
 */
export const xmlNode = executable<Parameters>(xml, async (work) => {
  const { operation } = work.parameters;
  throwIfAborted(work.signal);
  const found = findData(work.input, ["data", "content", "text"]);
  const data = found === undefined ? work.input : found;
  const answer = operation === "parse" ? await parsed(data, work) : await built(data, work);
  return { ...answer, operation };
});

async function parsed(data: unknown, work: NodeWork<Parameters>): Promise<object> {
  const { lists = [], numbers } = work.parameters;
  if (typeof data !== "string") throw new NodeError("TYPE_MISMATCH", `XML is read from text, not from ${kindOf(data)}`);
  if (data.length > LONGEST_TEXT) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `The text has ${data.length} characters, and ${LONGEST_TEXT} can be read at once`,
    );
  }
  const { parseXml } = await import("./parse.js");
  const result = parseXml(data, lists, numbers);
  const [root = ""] = Object.keys(result);
  for (const name of lists) {
    if (!data.includes(`<${name}`))
      work.warn("missing-element", `There is no element \`${name}\`, which \`lists\` names`);
  }
  return { result, root };
}

async function built(data: unknown, { parameters }: NodeWork<Parameters>): Promise<object> {
  const document = documentOf(data, parameters);
  const { buildXml } = await import("./build.js");
  return { result: buildXml(document, parameters), root: Object.keys(document)[0] };
}

/** The data as an object whose one field is the outermost element. */
function documentOf(data: unknown, { root, item }: Parameters): PlainObject {
  const list = listIn(data);
  const value = list === undefined ? data : { [item]: list };
  if (!isPlainObject(value))
    throw new NodeError("TYPE_MISMATCH", `XML is made of an object or a list, not of ${kindOf(data)}`);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  const [only] = keys;
  const isDocument = list === undefined && keys.length === 1 && !Array.isArray(value[only as string]);
  if (root === undefined && isDocument && only !== "#text" && !only?.startsWith("@")) return value;
  if (root !== undefined) return isDocument && only === root ? value : { [root]: value };
  const found = list === undefined ? `an object with ${keys.length} fields` : "a list";
  throw new NodeError(
    "INVALID_PARAMETERS",
    `XML has one outermost element, and the data is ${found}; name the element with \`root\``,
  );
}
