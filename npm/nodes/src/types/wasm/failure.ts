/** What is said where a plugin gives no output. */
import { closeNames, meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";

/** Characters of what a plugin says that a message quotes. */
const LONGEST_EXCERPT = 1000;

/** What a thread tells of a call. */
export type FromThread =
  | { log: string }
  | { output: Uint8Array | undefined }
  | { missing: string[] }
  | { failed: { code: string; message: string } };

/**
 * The output that a message of the thread has; `undefined` for one that is not the last.
 *
 * @throws NodeError for an answer that says why there is no output
 */
export function outputIn(
  message: FromThread,
  call: { name: string; maxBytes: number; onLog: ((line: string) => void) | undefined },
): { result: Uint8Array | undefined } | undefined {
  if ("failed" in message) throw pluginFailure(message.failed, call);
  if ("missing" in message) throw missingFunction(call.name, message.missing);
  if ("output" in message) return { result: message.output };
  call.onLog?.(message.log);
  return undefined;
}

function missingFunction(name: string, functions: readonly string[]): NodeError {
  const close = closeNames(name, functions);
  const shown = functions.slice(0, 20).map((each) => `\`${each}\``);
  const hint = meantText(close, shown.length > 0 ? `; there are ${shown.join(", ")}` : "; it exports none");
  return new NodeError("INVALID_PARAMETERS", `The plugin exports no function \`${name}\`${hint}`, { retry: false });
}

function pluginFailure(
  { code, message }: { code: string; message: string },
  { name, maxBytes }: { name: string; maxBytes: number },
): NodeError {
  const said = message.length <= LONGEST_EXCERPT ? message : `${message.slice(0, LONGEST_EXCERPT)}…`;
  const fixed = (code: string, text: string, ...advice: string[]) =>
    new NodeError(code, text, { ...(advice.length > 0 && { advice }), retry: false });
  switch (code) {
    case "module":
      return fixed("DESERIALIZATION_FAILED", `The file is no module that can be run here: ${said}`);
    case "import":
      return fixed(
        "EXECUTION_FAILED",
        `The plugin needs \`${said}\`, which is nothing that Extism or WASI gives`,
        "Build it with a plugin development kit of Extism, such as extism-pdk for Rust, without functions of an own host.",
      );
    case "signature":
      return fixed(
        "INVALID_PARAMETERS",
        `\`${name}\` takes ${said} parameters, and so is no function of an Extism plugin, which takes none`,
      );
    case "memory":
      return fixed(
        "MEMORY_LIMIT_EXCEEDED",
        `In \`${name}\`, ${said}`,
        "Give the plugin less data, or raise `memoryPages`.",
      );
    case "large":
      return fixed(
        "MEMORY_LIMIT_EXCEEDED",
        `The output of the plugin has ${said} bytes, and \`maxBytes\` allows ${maxBytes}`,
      );
    case "http":
      return new NodeError("EXECUTION_FAILED", `A request of the plugin: ${said}`);
    case "said":
      return new NodeError("EXECUTION_FAILED", `The plugin failed: ${said}`);
    case "returned":
      return new NodeError(
        "EXECUTION_FAILED",
        `The plugin failed in \`${name}\` with code ${said}, and does not say why`,
      );
    case "trap":
      return new NodeError("EXECUTION_FAILED", `The plugin trapped in \`${name}\`: ${said}`, {
        advice: [
          "Look at what the plugin does with this input; one that runs out of memory may need more `memoryPages`.",
        ],
      });
    default:
      return new NodeError("EXECUTION_FAILED", `The plugin could not be called: ${said}`);
  }
}
