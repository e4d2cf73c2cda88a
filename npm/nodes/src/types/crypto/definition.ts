import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** The operations that give the same for the same data. */
const REPEATABLE: readonly unknown[] = ["hash", "hmac", "base64Encode", "base64Decode", "hexEncode", "hexDecode"];

/** Digests, codes and random values. */
export const cryptoType = {
  type: "crypto",
  name: "Crypto",
  description: "Makes digests, signatures with a key, random values, and text of bytes and back.",
  category: "data",
  icon: "fingerprint",
  parameterSchema: {
    type: "object",
    required: ["operation"],
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["hash", "hmac", "uuid", "randomBytes", "base64Encode", "base64Decode", "hexEncode", "hexDecode"],
        description: "What to make. uuid is a random one (version 4).",
      },
      data: {
        description:
          "What to work on, instead of what edges bring. Text counts as UTF-8; objects, lists and numbers as JSON without blanks and with sorted keys, so that equal ones have equal digests.",
        examples: ["\u0024{{ data.body }}"],
      },
      algorithm: {
        type: "string",
        enum: ["sha256", "sha384", "sha512", "sha1", "md5"],
        default: "sha256",
        "x-when": { operation: ["hash", "hmac"] },
        description: "hash, hmac: the digest. sha1 is for old protocols, and md5 is refused: both can be forged.",
      },
      key: {
        type: "string",
        "x-when": { operation: ["hmac"] },
        description: "hmac: the key, mostly a secret.",
        examples: ["\u0024{{ secrets.SIGNING_KEY }}"],
      },
      keyEncoding: {
        type: "string",
        enum: ["utf8", "hex", "base64"],
        default: "utf8",
        "x-when": { operation: ["hmac"] },
        description: "hmac: how the key is written.",
      },
      encoding: {
        type: "string",
        enum: ["hex", "base64", "base64url"],
        default: "hex",
        "x-when": { operation: ["hash", "hmac", "randomBytes", "base64Encode"] },
        description: "hash, hmac, randomBytes: how the bytes are written; base64Encode: base64url, or else base64.",
      },
      decodeTo: {
        type: "string",
        enum: ["text", "bytes"],
        default: "text",
        "x-when": { operation: ["base64Decode", "hexDecode"] },
        description: "base64Decode, hexDecode: whether the bytes are read as UTF-8, or are given as they are.",
      },
      size: {
        type: "integer",
        minimum: 1,
        maximum: 65536,
        default: 32,
        "x-when": { operation: ["randomBytes"] },
        description: "randomBytes: how many.",
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "Text, bytes, or any value as JSON.")],
  otherInputs: [input("content", "Content", "any", "The same as data."), ...sameAsData],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "Text; bytes where `decodeTo` asks for them.")],
  otherOutputs: [
    output("operation", "Operation", "string", "What was done."),
    output("size", "Size", "number", "How many bytes were digested, made, written or read."),
  ],
  touches: [],
  effects: ({ operation }) => (REPEATABLE.includes(operation) ? "none" : "reads"),
  effectsNote: "none; `operation` `uuid` or `randomBytes` counts as looking at the world, because each answer differs",
  limits: [
    { what: "data", bound: "256 MiB", beyond: "INVALID_PARAMETERS" },
    { what: "data that becomes hexadecimal digits", bound: "200 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "data that becomes JSON", bound: "400 levels", beyond: "TYPE_MISMATCH" },
  ],
} as const satisfies NodeType;
