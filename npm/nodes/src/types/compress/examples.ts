import type { NodeExample } from "../../definition/example.js";

export const compressExamples: readonly NodeExample[] = [
  {
    title: "Text that a server sent as gzip in base64",
    flow: `id: read-gzip
nodes:
  - id: read
    type: compress
    parameters: { operation: decompress, data: H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA== }
`,
    outputs: { read: { result: "hello world", inputSize: 31, outputSize: 11 } },
  },
  {
    title: "There and back",
    flow: `id: there-and-back
nodes:
  - id: small
    type: compress
    parameters: { format: brotli }
  - id: again
    type: compress
    parameters: { operation: decompress, format: brotli }
edges:
  - { source: small, target: again }
`,
    input: { data: "the same, the same, the same, the same" },
    outputs: { again: { result: "the same, the same, the same, the same", outputSize: 38 } },
    isPart: true,
  },
];
