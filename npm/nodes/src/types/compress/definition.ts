import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Compresses text and bytes, and reads what was compressed. */
export const compress = {
  type: "compress",
  name: "Compress",
  description:
    "Compresses text or bytes with gzip, Brotli or deflate, and reads what was compressed: one value. For files there is `archive`.",
  category: "data",
  icon: "file-archive",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["compress", "decompress"],
        default: "compress",
        description: "What to do with the data.",
      },
      format: {
        type: "string",
        enum: ["gzip", "brotli", "deflate", "deflate-raw"],
        default: "gzip",
        description: "The format. `deflate` has the header of zlib, as the web's `Content-Encoding: deflate`.",
      },
      data: {
        description:
          "compress: text or bytes, the rest is taken as its JSON; decompress: bytes, or their base64 as text. An edge to `data` goes before it; one that names no handle only says which node goes first, and a list or bytes that it brings are warned of.",
      },
      output: {
        type: "string",
        enum: ["text", "base64", "bytes"],
        description:
          "The form of the result. Without it, compress gives base64, which `http-request` and JSON can carry, and decompress gives text.",
      },
      level: {
        type: "integer",
        minimum: 0,
        maximum: 9,
        default: 6,
        "x-when": { operation: ["compress"] },
        description: "compress: from fast and large to slow and small.",
      },
      maxSize: {
        type: "integer",
        minimum: 1,
        maximum: 536870912,
        default: 268435456,
        "x-unit": "bytes",
        "x-when": { operation: ["decompress"] },
        description: "decompress: the most that may come out.",
      },
      maxRatio: {
        type: "number",
        minimum: 1,
        default: 1000,
        "x-when": { operation: ["decompress"] },
        description: "decompress: how many times as large as the data the result may be, where it has more than 1 MiB.",
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "Goes before the parameter of that name.")],
  otherInputs: [input("content", "Content", "any", "The same as data."), ...sameAsData],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "What came out, as `output` says.")],
  otherOutputs: [
    output("inputSize", "Input Size", "number", "Bytes that went in."),
    output("outputSize", "Output Size", "number", "Bytes that came out, before base64."),
  ],
  touches: [],
  effects: "none",
  limits: [
    { what: "size of what is decompressed", bound: "256 MiB, `maxSize` changes it", beyond: "MEMORY_LIMIT_EXCEEDED" },
    {
      what: "ratio of what is decompressed to the data, beyond 1 MiB",
      bound: "1000, `maxRatio` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
  ],
} as const satisfies NodeType;
