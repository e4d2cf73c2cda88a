import { input, type NodeType, output, sharedParameters } from "../node-type.js";

/** Works on files and folders. */
export const fileSystem: NodeType = {
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
      },
      path: { type: "string", minLength: 1, "x-required-message": "Path is required" },
      targetPath: { type: "string", minLength: 1, description: "Where copy and move put things." },
      pathOfFile: {
        type: "boolean",
        default: false,
        description: "Whether a file that comes in may say where it is written to.",
      },
      content: { description: "What to write, where no edge brings it." },
      recursive: { type: "boolean", default: false, description: "Whether list and delete go into folders." },
    },
  },
  inputPorts: [
    input("path", "Path", "string"),
    input("content", "Content", "any"),
    input("file", "File", "object"),
    input("targetPath", "Target Path", "string"),
  ],
  outputPorts: [output("result", "Result", "any")],
};
