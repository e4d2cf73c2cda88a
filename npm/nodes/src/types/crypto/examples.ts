import type { NodeExample } from "../../definition/example.js";

export const cryptoExamples: readonly NodeExample[] = [
  {
    title: "The digest of an object, whatever the order of its fields",
    flow: `id: fingerprint
nodes:
  - id: digest
    type: crypto
    parameters: { operation: hash, encoding: base64url }
`,
    input: { data: { b: 2, a: "x" } },
    outputs: { digest: { result: "doymaMD4TdOb8mniXJo_CvSBLkECa2_q2aJmYHjvFvY", operation: "hash", size: 15 } },
  },
  {
    title: "A signature as webhooks have it",
    flow: `id: sign
nodes:
  - id: signature
    type: crypto
    parameters: { operation: hmac, key: correct horse, data: "\${{ data.body }}" }
  - id: headers
    type: edit-fields
    parameters: { keepOnlySet: true, values: { signature: "sha256={{data}}" } }
edges:
  - { source: signature, target: headers }
`,
    input: { data: { body: "payload" } },
    outputs: {
      headers: { result: { signature: "sha256=056c2411d20eed73a170e1e4501809e81434ac6b2e5c72b67aaf8d7bc64c9872" } },
    },
  },
];
