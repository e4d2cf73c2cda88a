import { NodeError } from "../../contract/error.js";

/**
 * Why a program could not be started, with what to do about it. Existing code knows the message, `spawn p ENOENT`, whole, so that the reason
 * stands before the advice. Other errors as they are.
 */
export function startFailure(error: unknown, program: string, folder: string | undefined): unknown {
  if (error instanceof NodeError) return error;
  const { code = "", message = String(error) } = error as NodeJS.ErrnoException;
  const told = explained(code, program, folder);
  if (told === undefined) return error;
  const text = message.startsWith("spawn") ? message : `spawn ${program} ${code}`;
  return new NodeError("EXECUTION_FAILED", text, {
    cause: error,
    advice: [`${told.what}.`, told.advice],
    retry: told.isPassing ? undefined : false,
  });
}

interface Explanation {
  what: string;
  advice: string;
  isPassing?: boolean;
}

function explained(code: string, program: string, folder: string | undefined): Explanation | undefined {
  switch (code) {
    case "ENOENT":
      return {
        what: /[/\\]/.test(program)
          ? `There is no file ${program}${program.startsWith("/") ? "" : ` in ${folder ?? process.cwd()}`}, or its interpreter is missing`
          : `There is no program ${JSON.stringify(program)} in the folders of PATH`,
        advice: /\s/.test(program)
          ? "Give the program alone as `program`, and its arguments as the list `args`; no shell splits the text."
          : "Install the program, correct its name, or give its full path.",
      };
    case "EACCES":
      return {
        what: "It may not be run, or is no program",
        advice: "Make it executable (`chmod +x`), or run it by its interpreter, with the file among `args`.",
      };
    case "ENOEXEC":
      return {
        what: "The file is no program of this machine",
        advice: "Run it by its interpreter, with the file among `args`.",
      };
    case "E2BIG":
      return {
        what: "Arguments and environment are longer than the system allows",
        advice: "Hand large data over as `stdin` or in a file.",
      };
    case "EAGAIN":
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
      return {
        what: "This machine has no room for another program now",
        advice: "Run fewer programs at once.",
        isPassing: true,
      };
    default:
      return undefined;
  }
}
