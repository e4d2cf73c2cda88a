import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Whether a list or an object of names has none. */
function isEmpty(names: unknown): boolean {
  return typeof names === "object" && names !== null && Object.keys(names).length === 0;
}

/** Calls a function of an Extism plugin. */
export const wasm = {
  type: "wasm",
  name: "WebAssembly",
  description:
    "Calls a function of an Extism plugin: one file of WebAssembly, made of Rust, Go, C, AssemblyScript and others. It runs in a thread of its own and reaches nothing but what the node gives it. On a machine it needs the package @extism/extism (`npm install @extism/extism`); a web page loads it with the first plugin, and lets it run where its policy allows workers of `blob:`.",
  category: "transform",
  icon: "puzzle",
  parameterSchema: {
    type: "object",
    required: ["function"],
    properties: {
      ...sharedParameters,
      timeout: {
        ...sharedParameters.timeout,
        description:
          "Time limit of the call, with loading the plugin; the default counts here as well. Beyond it the plugin is ended, whatever it does.",
      },
      file: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description:
          "The plugin, a .wasm file, unless its bytes come in as `module`. A relative path starts at the folder in which the flow is run. In a web page it is an address: one to fetch, from that of the page, or a data URL in base64.",
        examples: ["plugins/greet.wasm"],
      },
      function: {
        type: "string",
        minLength: 1,
        description: "The function of the plugin, as it exports it.",
        examples: ["greet"],
      },
      inputFormat: {
        type: "string",
        enum: ["json", "text", "bytes"],
        default: "json",
        description:
          "How the plugin gets the data: as JSON text, as text (the data must be text), or as bytes (bytes, or text in UTF-8). Without data the input of the plugin is empty.",
      },
      outputFormat: {
        type: "string",
        enum: ["json", "text", "bytes"],
        default: "json",
        description: "What the output of the plugin is: a value of JSON, text in UTF-8, or bytes.",
      },
      config: {
        type: "object",
        default: {},
        description: "Settings of the plugin by name, which are text.",
        examples: [{ language: "en" }],
      },
      allowedHosts: {
        type: "array",
        items: { type: "string", minLength: 1 },
        default: [],
        description:
          "Hosts that the plugin may send HTTP requests to: `api.example.com`, or `*.example.com` for all below it. Redirects are not followed. None by default; what the owner of the conductor says of connections counts as well. Refused in a web page, which cannot keep redirects from going elsewhere.",
      },
      allowedPaths: {
        type: "object",
        default: {},
        description:
          "Folders that the plugin may read and write over WASI, folder by the name that it has in the plugin. None by default. WASI of Node does not keep hostile code inside of them: refused where the owner of the conductor does not let nodes run programs.",
        examples: [{ "/data": "./data" }],
      },
      memoryPages: {
        type: "integer",
        minimum: 1,
        maximum: 65_536,
        default: 4096,
        description:
          "The most memory that the plugin may have, in pages of 64 KiB; what it asks of its host counts apart, up to as much again.",
      },
      maxBytes: {
        type: "integer",
        minimum: 1,
        default: 268_435_456,
        "x-unit": "bytes",
        description: "The most bytes that the output may have.",
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What the plugin gets.")],
  otherInputs: [input("module", "Module", "any", "The plugin as bytes, instead of `file`.")],
  hasOpenInputs: true,
  outputPorts: [output("result", "Result", "any", "What the plugin gave, in the form of `outputFormat`.")],
  otherOutputs: [],
  touches: ["reads-files", "writes-files", "network"],
  effects: ({ allowedHosts = [], allowedPaths = {} }) =>
    isEmpty(allowedHosts) && isEmpty(allowedPaths) ? "reads" : "writes",
  effectsNote: "looks at the world; may change it with `allowedHosts` or `allowedPaths`",
  limits: [
    {
      what: "time of the call",
      bound: "30 s, `timeout` or `policy: { timeout }` changes it",
      beyond: "TIMEOUT; its thread is ended",
    },
    {
      what: "memory of the plugin",
      bound: "256 MiB, `memoryPages` changes it",
      beyond: "it gets no more, upon which most plugins trap; MEMORY_LIMIT_EXCEEDED for what it asks of its host",
    },
    { what: "the file", bound: "256 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "the output", bound: "256 MiB, `maxBytes` changes it", beyond: "MEMORY_LIMIT_EXCEEDED" },
    {
      what: "an answer of a server to the plugin",
      bound: "as many bytes as its memory may have",
      beyond: "EXECUTION_FAILED",
    },
  ],
} as const satisfies NodeType;
