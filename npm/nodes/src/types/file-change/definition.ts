import { milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Begins its flow for files that change. */
export const fileChange = {
  type: "file-change",
  name: "File Change",
  description: "Begins its flow for each file that is new, changed or deleted in a folder.",
  category: "trigger",
  icon: "folder-sync",
  parameterSchema: {
    type: "object",
    required: ["path"],
    properties: {
      ...sharedParameters,
      path: {
        type: "string",
        minLength: 1,
        description: "The folder. A relative path starts at the folder in which the server was started.",
        examples: ["inbox"],
      },
      pattern: {
        type: "string",
        minLength: 1,
        default: "**",
        description: "Which files of the folder, by their paths in it; `*` is any part of a name, `**` any folders.",
        examples: ["*.csv", "**/*.{jpg,png}"],
      },
      events: {
        type: "array",
        items: { type: "string", enum: ["created", "changed", "deleted"] },
        default: ["created", "changed"],
        description: "What it fires for.",
      },
      settle: {
        ...milliseconds,
        minimum: 0,
        maximum: 3_600_000,
        default: 2000,
        description:
          "How long a file must stay as it is before it counts, so that one that is being written is left alone.",
        examples: ["2s"],
      },
      missed: {
        type: "string",
        enum: ["all", "skip"],
        default: "all",
        description:
          "What happens with files that were created or changed while nothing watched: an execution for each, or none.",
      },
      concurrency: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 10,
        description: "Executions of this trigger at once; further files wait.",
      },
    },
  },
  inputPorts: [],
  otherInputs: [],
  hasOpenInputs: true,
  outputPorts: [],
  otherOutputs: [
    output("path", "Path", "string", "The absolute path of the file."),
    output("name", "Name", "string", "Its path in the folder."),
    output("event", "Event", "string", "`created`, `changed` or `deleted`."),
    output("size", "Size", "number", "Its bytes; 0 where it was deleted."),
    output("modifiedAt", "Modified at", "string", "When it was changed last, in ISO 8601; empty where it was deleted."),
  ],
  isTrigger: true,
  touches: ["reads-files"],
  needs: "files",
  effects: "reads",
  limits: [
    {
      what: "files that were deleted while nothing watched",
      bound: "not known",
      beyond: "they fire nothing",
    },
  ],
} as const satisfies NodeType;
