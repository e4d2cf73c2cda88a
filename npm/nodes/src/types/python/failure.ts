import { NodeError } from "../../contract/error.js";
import type { PythonAnswer, PythonError } from "./process.js";

/** A failure that Python told, in words of this library. */
export function pythonFailure(error: PythonError, { executable, version }: PythonAnswer, memory: number): NodeError {
  const { kind, message } = error;
  const fixed = (code: string, text: string, advice?: string[]) => new NodeError(code, text, { advice, retry: false });
  switch (kind) {
    case "syntax":
      return fixed("INVALID_PARAMETERS", `\`code\` is no Python ${version}: ${message}${placeOf(error)}`);
    case "missing": {
      const names = message.split(" ");
      const listed = names.map((name) => `\`${name}\``).join(", ");
      return fixed("EXECUTION_FAILED", `The Python ${version} at ${executable} lacks ${listed}`, [
        `${executable} -m pip install ${names.join(" ")}`,
      ]);
    }
    case "output": {
      const what = error.path ? `\`${error.path}\` of the output` : "The output";
      return fixed("TYPE_MISMATCH", `${what} is ${message}, which is no data for other nodes`);
    }
    case "refused":
      return fixed("INVALID_PARAMETERS", message);
    case "large":
      return fixed("MEMORY_LIMIT_EXCEEDED", message, ["Give fewer of them, or write them to a file."]);
    case "memory":
      return new NodeError(
        "MEMORY_LIMIT_EXCEEDED",
        `The code asked for more memory than the ${memory} bytes of \`memoryLimit\`, or than there is${placeOf(error)}`,
        { advice: ["Work on the data in parts, or raise `memoryLimit`."] },
      );
    case "exit":
      return fixed(
        "EXECUTION_FAILED",
        `The code ended Python instead of giving an output: ${message}${placeOf(error)}`,
        ["Use `return`, or raise an error."],
      );
    default:
      return new NodeError("EXECUTION_FAILED", `${message}${placeOf(error)}`, {
        advice: ["Look at this line of `code` and at the data that it works on."],
      });
  }
}

/** Such as ` (line 3: total / count)`. */
function placeOf({ line, column, source }: PythonError): string {
  if (typeof line !== "number") return "";
  const where = typeof column === "number" && column > 0 ? `line ${line}, column ${column}` : `line ${line}`;
  return ` (${where}${source ? `: ${source}` : ""})`;
}
