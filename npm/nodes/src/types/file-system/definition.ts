import { readsWith } from "../../definition/effects.js";
import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { problemsOf, textFault } from "../../definition/written.js";

/** Works on files and folders. */
export const fileSystem = {
  type: "file-system",
  name: "File System",
  description: "Reads, writes, finds, copies, moves and deletes files: text, bytes, JSON and YAML.",
  category: "io",
  icon: "folder",
  parameterSchema: {
    type: "object",
    required: ["path"],
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["read", "write", "list", "exists", "create", "delete", "copy", "move", "append", "stat"],
        default: "read",
        description:
          "What to do. `create` makes a folder; `write` replaces a file whole or not at all, `append` adds to its end (a further try " +
          "after a failure may add it again), and both make folders that are missing; `stat` tells what a path is. A `move` that was done " +
          "before the process ended fails when it starts again, since its source is gone; a `copy` and, behind it, a `delete` may both be " +
          "done twice.",
      },
      path: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description: "The file or folder. A relative path starts at the folder in which the flow is run.",
        examples: ["output/report.md"],
        "x-required-message": "Path is required",
      },
      targetPath: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["copy", "move"] },
        description: "Where copy and move put things.",
      },
      overwrite: {
        type: "boolean",
        "x-when": { operation: ["copy", "move", "write"] },
        description:
          "copy, move and write: whether a file that is there may be replaced. true: it is; false: where there is something already, the " +
          "node fails and changes nothing; not given: it is, and a warning names it, of write where the same run wrote it.",
      },
      pathOfFile: {
        type: "boolean",
        default: false,
        description: "Whether a file that comes in may say where it is written to.",
      },
      content: {
        "x-when": { operation: ["write", "append"] },
        description:
          "What to write, instead of what edges bring: text and bytes as they are, a table as CSV, lines of JSON or JSON by the ending of the path, " +
          "the rest as YAML or lines of JSON where the path ends so, else as JSON. append: records become rows of a .csv or .tsv under the columns that the file has (a column that it has not is refused), the rest lines of JSON.",
      },
      format: {
        type: "string",
        enum: ["text", "lines", "bytes", "base64", "json", "yaml"],
        "x-when": { operation: ["read", "write"] },
        description:
          "read: what the content becomes; text unless given, a list of its lines with `lines`. write: what is written; unless given, what the content is decides, and the name of the file: rows become CSV in .csv and .tsv, lists lines of JSON in .jsonl and .ndjson, values YAML in .yaml and .yml.",
      },
      encoding: {
        type: "string",
        enum: ["utf-8", "utf-16le", "utf-16be", "windows-1252"],
        "x-when": { operation: ["read", "write", "append"] },
        description:
          "How the characters of text are written. Given for a read, what is not in it fails; without it, it is taken as UTF-8, and " +
          "bytes that are not valid UTF-8 are warned of. `windows-1252` is for Latin-1 as well.",
      },
      recursive: {
        type: "boolean",
        default: false,
        "x-when": { operation: ["list", "delete"] },
        description:
          "Whether list and delete go into folders; list then looks for patterns without `/` in every folder.",
      },
      patterns: {
        anyOf: [{ type: "array", items: { type: "string" } }, { type: "string" }],
        "x-when": { operation: ["list"] },
        description:
          "list: what to find below the path. `*` stands for characters of a name, `?` for one, `[a-z]` for one of several, " +
          "`{csv,tsv}` for one of several texts, `**` for any folders; `!` in front takes out. Letters count as they are: `*.{jpg,JPG}` finds both. Links are not followed.",
        examples: [["**/*.csv", "!old/**"]],
      },
      include: {
        type: "string",
        enum: ["all", "files", "folders"],
        "x-when": { operation: ["list"] },
        description: "list: what counts; files where patterns are given, else all.",
      },
      hidden: {
        type: "boolean",
        "x-when": { operation: ["list"] },
        description:
          "list: whether names that begin with a dot count too; false unless given, with a warning of what is left out. A pattern with such a name finds it anyway.",
      },
      details: {
        type: "boolean",
        "x-when": { operation: ["list"] },
        description: "list: whether `entries` tells kind, size and time of each.",
      },
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
  // Lists and objects are written as JSON; a number in a flow is text without its quotes.
  problems: ({ content }) =>
    typeof content === "number" || typeof content === "boolean" ? problemsOf("content", textFault(content)) : [],
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "What was read, the list of paths, whether it exists, the facts of stat, or the path.",
    ),
  ],
  otherOutputs: [
    output("success", "Success", "boolean", "true; a failure is an error."),
    output("path", "Path", "string", "The path, for copy and move that of the target."),
    output("content", "Content", "any", "read: the same as result."),
    output("size", "Size", "number", "read, write, append and stat: bytes of the file."),
    output("modified", "Modified", "string", "read and stat: when it was last changed, in ISO 8601."),
    output("kind", "Kind", "string", "stat: file, folder, pipe, socket or device; of a link, what it leads to."),
    output("files", "Files", "array", "list: the paths by name, a folder before what is in it."),
    output("count", "Count", "number", "list: how many."),
    output(
      "hiddenCount",
      "Hidden Count",
      "number",
      "list: how many entries were left out because their names begin with a dot.",
    ),
    output("matched", "Matched", "object", "list with patterns: how many each pattern fits, by pattern."),
    output(
      "entries",
      "Entries",
      "array",
      "list with details: `{ path, name, relativePath, kind, size, modified }` of each; a link is of kind link.",
    ),
    output("exists", "Exists", "boolean", "exists: whether there is something."),
    output("created", "Created", "boolean", "create: whether the folder was not there before."),
    output("deleted", "Deleted", "boolean", "delete: whether there was something."),
    output("sourcePath", "Source Path", "string", "copy and move: from where."),
    output("destPath", "Destination Path", "string", "copy and move: to where."),
  ],
  touches: ["reads-files", "writes-files"],
  needs: "files",
  ...readsWith("operation", ["read", "list", "exists", "stat"], "read"),
  limits: [
    { what: "text that is read", bound: "512 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "bytes that are read", bound: "2 GiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    {
      what: "YAML that is read or written",
      bound: "32 MiB, 256 levels, 100 aliases; 10 MiB hold the thread for about a second",
      beyond: "VALIDATION_FAILED",
    },
    { what: "entries that list looks at", bound: "1,000,000", beyond: "MEMORY_LIMIT_EXCEEDED" },
  ],
} as const satisfies NodeType;
