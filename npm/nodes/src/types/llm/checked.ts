/** Answers that have to be JSON by a schema. */
import { messageOf, NodeError } from "../../contract/error.js";
import { type Issue, issueSentences } from "../../contract/issues.js";
import { jsonObject } from "../../library/json-parameter.js";
import { linearSchema } from "../../library/linear-schema.js";

/** What is wrong with an answer, or its value. */
export type Checked = { value: unknown } | { problem: string };

/** Checks the text of an answer. */
export type CheckAnswer = (text: string) => Checked;

/**
 * The schema of a parameter, and a check by it.
 *
 * @throws NodeError INVALID_PARAMETERS for one that cannot be checked
 */
export async function schemaCheck(
  given: Record<string, unknown> | string,
): Promise<{ schema: Record<string, unknown>; check: CheckAnswer }> {
  const schema = jsonObject(given, "schema");
  let type: Awaited<ReturnType<typeof linearSchema>>;
  try {
    type = await linearSchema(schema);
  } catch (error) {
    throw new NodeError("INVALID_PARAMETERS", `\`schema\` cannot be checked: ${messageOf(error)}`, { cause: error });
  }
  const check: CheckAnswer = (text) => {
    let value: unknown;
    try {
      value = JSON.parse(withoutFence(text));
    } catch (error) {
      return { problem: text.trim() === "" ? "it is empty" : `it is no JSON: ${messageOf(error)}` };
    }
    try {
      const result = type.safeParse(value);
      return result.success
        ? { value }
        : { problem: issueSentences(named(result.error.issues as Issue[]), { answer: value }) };
    } catch (error) {
      // Deeper than the check can go.
      return { problem: messageOf(error) };
    }
  };
  return { schema, check };
}

/** Paths begin at `answer`, so that the answer as a whole has a name too. */
function named(issues: readonly Issue[]): Issue[] {
  return issues.map((issue) => ({ ...issue, path: ["answer", ...(issue.path ?? [])] }));
}

/** Models like to put JSON into a block of Markdown. */
function withoutFence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("```") || !trimmed.endsWith("```")) return trimmed;
  const begin = trimmed.indexOf("\n");
  return begin === -1 ? trimmed : trimmed.slice(begin + 1, -3);
}
