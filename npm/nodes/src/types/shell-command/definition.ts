import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

const GOES_BEFORE = "Goes before the parameter of that name.";

/** Runs a program. */
export const shellCommand = {
  type: "shell-command",
  name: "Shell Command",
  description: "Runs a program and gives what it wrote. No shell is involved: arguments arrive as they are written.",
  category: "system",
  icon: "terminal",
  parameterSchema: {
    type: "object",
    required: ["program"],
    properties: {
      ...sharedParameters,
      timeout: {
        ...sharedParameters.timeout,
        description:
          "Time limit of the program; the default counts here as well. Beyond it the program and all that it started are ended.",
      },
      program: {
        type: "string",
        minLength: 1,
        description: "The program: a name that is looked up in the folders of PATH, or a path.",
        examples: ["git", "./scripts/report.sh"],
        "x-required-message": "Program is required",
      },
      args: {
        anyOf: [{ type: "array", items: { type: "string" } }, { type: "string" }],
        default: [],
        description:
          "Its arguments, one text each, also as JSON text of a list. Pipes and variables need a shell as the program.",
        examples: [["log", "-n", "5"]],
      },
      workingDirectory: {
        type: "string",
        description: "The folder in which it runs. Without it, that in which the flow is run.",
      },
      environment: {
        anyOf: [{ type: "object" }, { type: "string" }],
        default: {},
        description:
          "Variables of its environment beside those of this process, also as JSON text; null takes one away. LD_PRELOAD, " +
          "LD_LIBRARY_PATH and DYLD_… cannot be set.",
        examples: [{ LANG: "C" }],
      },
      stdin: { type: "string", description: "What it reads from standard input, which ends after that." },
      captureOutput: {
        type: "boolean",
        default: true,
        description: "Whether the output of the program is kept. Otherwise it is thrown away.",
      },
      parse: {
        type: "string",
        enum: ["text", "lines", "json"],
        description:
          "Gives standard output as `result` too, for nodes that follow: as it is, as a list of its lines, or as a value read from JSON.",
      },
      failOn: {
        type: "string",
        enum: ["never", "nonzero"],
        description:
          "Whether a program that ends with another exit code than 0, or is ended by a signal or the time limit, is an error. " +
          "Without it never.",
      },
    },
  },
  inputPorts: [
    input("command", "Command", "any", "The program, or a list of the program and its arguments. Goes before both."),
    input("program", "Program", "string", GOES_BEFORE),
    input("args", "Arguments", "array", GOES_BEFORE),
    input("stdin", "Standard Input", "any", "Goes before the parameter: text and bytes as they are, the rest as JSON."),
  ],
  otherInputs: [
    input("workingDirectory", "Working Directory", "string", GOES_BEFORE),
    input("environment", "Environment", "object", GOES_BEFORE),
  ],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "With `parse`: standard output in that form. Not there without it.")],
  otherOutputs: [
    output("stdout", "Standard Output", "string", "What it wrote, as UTF-8; empty without `captureOutput`."),
    output("stderr", "Standard Error", "string", "The same of standard error."),
    output("exitCode", "Exit Code", "number", "0 for success; 128 and the signal's number where a signal ended it."),
    output("signal", "Signal", "string", "The signal that ended it, such as `SIGKILL`; null for none."),
    output("success", "Success", "boolean", "Whether the exit code is 0 and it ended in time."),
    output("timedOut", "Timed Out", "boolean", "Whether it was ended because of the time limit."),
    output("command", "Command", "string", "The program and its arguments, with spaces between them."),
    output("duration", "Duration", "number", "ms that it ran."),
  ],
  touches: ["runs-programs", "reads-files", "writes-files", "network"],
  needs: "programs",
  effects: "writes",
  limits: [
    { what: "output of the program", bound: "50 MiB for each stream", beyond: "MEMORY_LIMIT_EXCEEDED; it is ended" },
    {
      what: "time that the program takes",
      bound: "30 s, `timeout` or `policy: { timeout }` changes it",
      beyond: "SIGTERM for it and all that it started, SIGKILL 2 s later; TIMEOUT in a flow",
    },
  ],
} as const satisfies NodeType;
