/** YAML, read and written in Rust: its parsers in JavaScript have no limits that hold. */
import { NodeError } from "../contract/error.js";
import { warnOfLostDigitsIn } from "../data/lost-digits.js";
import { native } from "../table/addon.js";

/** An answer of the addon. */
interface Answer {
  value?: unknown;
  text?: string;
  problems?: readonly { code: string; message: string; line?: number; column?: number }[];
}

/**
 * The value of a YAML document, as JSON knows values: dates are text. Numbers that lose digits are warned of.
 *
 * @param what the text, in the words of a message
 * @throws NodeError DESERIALIZATION_FAILED, VALIDATION_FAILED (a limit, a forbidden key) with line and column;
 *   NATIVE_UNAVAILABLE without the addon
 */
export async function yamlValue(
  text: string,
  what: string,
  warn: (rule: string, message: string) => void,
): Promise<unknown> {
  const json = await native((addon) => addon.readDocument(text, "yaml"));
  const answer = JSON.parse(json) as Answer;
  refuseProblems(answer, `${what} cannot be read`);
  warnOfLostDigitsIn(json, `\`${what}\``, warn);
  return answer.value;
}

/**
 * A value, given as JSON text, as YAML that reads back the same.
 *
 * @throws NodeError SERIALIZATION_FAILED, VALIDATION_FAILED; NATIVE_UNAVAILABLE without the addon
 */
export async function yamlText(json: string): Promise<string> {
  const answer = await native((addon) => JSON.parse(addon.writeDocument(json)) as Answer);
  refuseProblems(answer, "The content cannot be written as YAML");
  return answer.text ?? "";
}

function refuseProblems({ problems }: Answer, words: string): void {
  const [problem] = problems ?? [];
  if (problem === undefined) return;
  const { code, message, line, column } = problem;
  const place = line === undefined ? "" : ` (line ${line} column ${column ?? 1})`;
  throw new NodeError(code, `${words}: ${message}${place}`, { retry: false });
}
