import { NodeError } from "../../contract/error.js";
import { Pace } from "../../contract/pace.js";
import { findData } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { executable } from "../../library/work.js";
import { html } from "./definition.js";
import { fieldsOf } from "./fields.js";

interface Parameters {
  fields: Record<string, unknown>;
  each?: string;
  base?: string;
}

const LONGEST_TEXT = 50 * 1024 * 1024;

/**
 * Reads values out of HTML by CSS selectors. What is not there is null, or an empty list.
 *
 * Fails with INVALID_PARAMETERS (fields, selectors, `base`, text without end), TYPE_MISMATCH (no text), DESERIALIZATION_FAILED (HTML
 * that is too deep), EXECUTION_FAILED (a selector that would take too long) or CANCELLED.
 */
export const htmlNode = executable<Parameters>(html, async (work) => {
  const { parameters, input, signal } = work;
  const fields = fieldsOf(parameters.fields);
  const found = findData(input, ["data", "html", "content", "text"]);
  const data = found === undefined ? input : found;
  if (typeof data !== "string")
    throw new NodeError("TYPE_MISMATCH", `HTML is read from text, not from ${kindOf(data)}`);
  if (data.length > LONGEST_TEXT) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `The HTML has ${data.length} characters, and ${LONGEST_TEXT} can be read at once`,
    );
  }
  const pace = new Pace(signal);
  const { extract } = await import("./extract.js");
  const result = await extract(data, fields, parameters, (rule, message) => work.warn(rule, message), pace);
  return { result, count: Array.isArray(result) ? result.length : 1 };
});
