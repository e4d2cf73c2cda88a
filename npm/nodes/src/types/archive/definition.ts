import { broughtOr } from "../../definition/effects.js";
import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Packs and unpacks archives. */
export const archive = {
  type: "archive",
  name: "Archive",
  description:
    "Lists, extracts and makes archives of files: zip, tar and tar.gz. For a value that is compressed by itself there is `compress`.",
  category: "io",
  icon: "package",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["list", "extract", "create"],
        default: "list",
        description: "What to do. A failed `extract` or `create` leaves nothing behind.",
      },
      path: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description:
          "The archive: what is read, or made. Without it, list and extract take `data`, and create gives bytes.",
        examples: ["input/photos.zip"],
      },
      data: {
        "x-when": { operation: ["list", "extract"] },
        description:
          "list, extract: the archive as bytes, or as their base64. An edge to `data` goes before it, one that names no handle does not.",
      },
      format: {
        type: "string",
        enum: ["zip", "tar", "tar.gz"],
        description:
          "list, extract: found by the first bytes unless given. create: by the ending of the path unless given, `zip` without one.",
      },
      folder: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["extract", "create"] },
        description:
          "extract: the folder for the files, made where it is missing; without it they come as values. create: the folder to pack, or " +
          "below which the names of `files` begin.",
      },
      files: {
        "x-when": { operation: ["create"] },
        description:
          "create: what to pack instead of a whole folder: a list of paths, or of `{ path, content }` with the name in the archive. An edge to `files` goes before it, one that names no handle does not.",
      },
      patterns: {
        anyOf: [{ type: "array", items: { type: "string" } }, { type: "string" }],
        description:
          "Which entries count; for create, which files of the folder. As for `file-system`: `*`, `?`, `[a-z]`, `{csv,tsv}`, `**` for any " +
          "folders, `!` in front takes out.",
        examples: [["**/*.csv", "!old/**"]],
      },
      hidden: { type: "boolean", default: true, description: "Whether `*` and `**` fit names that begin with a dot." },
      overwrite: {
        type: "boolean",
        default: false,
        "x-when": { operation: ["extract"] },
        description: "extract: whether files that are there are replaced.",
      },
      output: {
        type: "string",
        enum: ["bytes", "base64"],
        "x-when": { operation: ["create"] },
        description: "create without a path: the form; bytes unless given.",
      },
      level: {
        type: "integer",
        minimum: 0,
        maximum: 9,
        default: 6,
        "x-when": { operation: ["create"] },
        description: "create: from fast and large to slow and small; 0 does not compress.",
      },
      maxSize: {
        type: "integer",
        minimum: 1,
        "x-unit": "bytes",
        "x-when": { operation: ["list", "extract"] },
        description: "list, extract: the most that may come out; 1 GiB unless given, 256 MiB where it comes as values.",
      },
      maxRatio: {
        type: "number",
        minimum: 1,
        default: 1000,
        "x-when": { operation: ["list", "extract"] },
        description:
          "list, extract: how many times as large as the archive its content may be, where it has more than 1 MiB.",
      },
      maxEntries: { type: "integer", minimum: 1, default: 100000, description: "The most files and folders." },
    },
  },
  inputPorts: [
    input("data", "Data", "any", "list, extract: the archive; goes before the parameter of that name."),
    input(
      "files",
      "Files",
      "array",
      "create: goes before the parameter of that name. Without `folder`, an edge that names no handle brings it too.",
    ),
  ],
  otherInputs: [
    input("path", "Path", "string", "Goes before the parameter of that name."),
    input("content", "Content", "any", "The same as data."),
    ...sameAsData,
  ],
  hasOpenInputs: false,
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "list: the entries; extract: the paths of the files, or `{ path, content, size, modified }` of each without a folder; create: the path, or the archive.",
    ),
  ],
  otherOutputs: [
    output(
      "entries",
      "Entries",
      "array",
      "list: `{ path, kind, size, compressedSize, modified, problem }` of each; `problem` says why it cannot be extracted.",
    ),
    output("files", "Files", "array", "extract: the same as result."),
    output("count", "Count", "number", "How many: entries of list and create, files of extract."),
    output(
      "size",
      "Size",
      "number",
      "Bytes: of the archive for create, else of the files that are in it or were taken out.",
    ),
    output("format", "Format", "string", "zip, tar or tar.gz."),
    output("folder", "Folder", "string", "extract: the folder, if there is one."),
    output("path", "Path", "string", "create: the path, if there is one."),
  ],
  touches: ["reads-files", "writes-files"],
  effects: ({ operation = "list", path, folder }, input) => {
    if (operation === "list") return "reads";
    if (operation === "extract") return folder === undefined ? "reads" : "writes";
    return operation === "create" && broughtOr(input, "path", path) === undefined ? "reads" : "writes";
  },
  effectsNote: "looks at the world; changes it where `extract` has a `folder`, or `create` a `path`",
  limits: [
    {
      what: "size of what comes out",
      bound: "1 GiB, 256 MiB as values; `maxSize` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED; nothing is left",
    },
    {
      what: "ratio of what comes out to the archive, beyond 1 MiB",
      bound: "1000, `maxRatio` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED; nothing is left",
    },
    { what: "entries", bound: "100,000, `maxEntries` changes it", beyond: "MEMORY_LIMIT_EXCEEDED" },
    {
      what: "names of entries",
      bound: "no absolute path, no `..`, no device of Windows, none twice",
      beyond: "DESERIALIZATION_FAILED; nothing is left",
    },
    { what: "links and devices", bound: "none", beyond: "left out with a warning" },
    { what: "an archive as bytes", bound: "256 MiB for create", beyond: "MEMORY_LIMIT_EXCEEDED" },
  ],
} as const satisfies NodeType;
