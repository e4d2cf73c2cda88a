import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Works on files and folders. */
export const fileSystem = {
  type: "file-system",
  name: "File System",
  description: "Reads, writes, lists, copies, moves and deletes files.",
  category: "io",
  icon: "folder",
  parameterSchema: {
    type: "object",
    required: ["path"],
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["read", "write", "list", "exists", "create", "delete", "copy", "move"],
        default: "read",
        description: "What to do. `create` makes a folder; `write` makes folders that are missing.",
      },
      path: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description: "The file or folder. A relative path starts at the folder in which the flow is run.",
        examples: ["output/report.md"],
        "x-required-message": "Path is required",
      },
      targetPath: { type: "string", minLength: 1, description: "Where copy and move put things." },
      pathOfFile: {
        type: "boolean",
        default: false,
        description: "Whether a file that comes in may say where it is written to.",
      },
      content: {
        description:
          "What to write, where no edge brings it: text and bytes as they are, a table as CSV or JSON by the ending of the path, the rest as JSON.",
      },
      recursive: { type: "boolean", default: false, description: "Whether list and delete go into folders." },
    },
  },
  inputPorts: [
    input("path", "Path", "string", "Used where no parameter `path` is set."),
    input("content", "Content", "any", "What to write."),
    input("file", "File", "object", "What to write as `{ content, path }`; the path counts with `pathOfFile`."),
    input("targetPath", "Target Path", "string", "Where copy and move put things."),
  ],
  otherInputs: [
    input("data", "Data", "any", "The same as content."),
    input("text", "Text", "string", "The same as content."),
    input("records", "Records", "array", "The same as content."),
    input("input", "Input", "any", "The same as content."),
    input("default", "Default", "any", "The same as content; where an edge leads that names no handle."),
  ],
  hasOpenInputs: false,
  outputPorts: [
    output("result", "Result", "any", "The text that was read, the list of paths, whether it exists, or the path."),
  ],
  otherOutputs: [
    output("success", "Success", "boolean", "true; a failure is an error."),
    output("path", "Path", "string", "The path, for copy and move that of the target."),
    output("content", "Content", "string", "read: the text."),
    output("size", "Size", "number", "read and write: bytes."),
    output("modified", "Modified", "string", "read: when the file was last changed, in ISO 8601."),
    output("files", "Files", "array", "list: the paths, without those that begin with a dot."),
    output("count", "Count", "number", "list: how many."),
    output("exists", "Exists", "boolean", "exists: whether there is something."),
    output("created", "Created", "boolean", "create: whether the folder was not there before."),
    output("deleted", "Deleted", "boolean", "delete: whether there was something."),
    output("sourcePath", "Source Path", "string", "copy and move: from where."),
    output("destPath", "Destination Path", "string", "copy and move: to where."),
  ],
  effects: ["reads-files", "writes-files"],
  limits: [],
} as const satisfies NodeType;
