import { messageOf, NodeError } from "../../contract/error.js";

/**
 * Standard output in the form that was asked for. The last line may end without a line break.
 *
 * @throws NodeError DESERIALIZATION_FAILED for what is no JSON
 */
export function parsed(output: { stdout: string; exitCode: number }, form: "text" | "lines" | "json"): unknown {
  const { stdout, exitCode } = output;
  if (form === "text") return stdout;
  if (form === "lines") {
    const lines = stdout.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    return lines;
  }
  try {
    return JSON.parse(stdout) as unknown;
  } catch (error) {
    const found = stdout.trim() === "" ? "it is empty" : messageOf(error);
    const ended = exitCode === 0 ? "" : ` (the program ended with exit code ${exitCode})`;
    throw new NodeError("DESERIALIZATION_FAILED", `Standard output is no JSON: ${found}${ended}`, {
      cause: error,
      advice: ["Let the program write JSON alone, or read its output with `parse: text` or `lines`."],
    });
  }
}
