import type { NodeExample } from "../../definition/example.js";

/** A plugin whose function `shout` gives its input with capital letters; `test/wasm.test.ts` has its text. */
export const SHOUT =
  "AGFzbQEAAAABHQZgAAF+YAF+AX9gAX4BfmACfn8AYAJ+fgBgAAF/ApABBQ9leHRpc206aG9zdC9lbnYMaW5wdXRfbGVuZ3RoAAAPZXh0aXNtOmhvc3QvZW52DWlucHV0X2xvYWRfdTgAAQ9leHRpc206aG9zdC9lbnYFYWxsb2MAAg9leHRpc206aG9zdC9lbnYIc3RvcmVfdTgAAw9leHRpc206aG9zdC9lbnYKb3V0cHV0X3NldAAEAwIBBQcJAQVzaG91dAAFCk4BTAICfgF/EAAQAiEBAkADQCAAEABaDQEgABABIQIgAkHhAGtBGkkEQCACQSBrIQILIAEgAHwgAhADIABCAXwhAAwACwsgARAAEARBAAs=";

/** Puts the plugin beside the flow, where people have one of their own. */
const PLUGIN = `  - id: plugin
    type: file-system
    parameters:
      operation: write
      path: shout.wasm
      format: base64
      content: ${SHOUT}`;

export const wasmExamples: readonly NodeExample[] = [
  {
    title: "A plugin that works on text",
    flow: `id: shout
nodes:
${PLUGIN}
  - id: text
    type: edit-fields
    parameters: { keepOnlySet: true, values: { result: hello } }
  - id: shout
    type: wasm
    parameters: { file: shout.wasm, function: shout, inputFormat: text, outputFormat: text }
edges:
  - { source: plugin, target: shout, targetHandle: plugin }
  - { source: text, target: shout, targetHandle: data }
`,
    outputs: { shout: { result: "HELLO" } },
  },
  {
    title: "A plugin that works on a list, as JSON",
    flow: `id: shout-list
nodes:
${PLUGIN}
  - id: list
    type: transform
    parameters: { operation: reverse }
  - id: shout
    type: wasm
    parameters: { file: shout.wasm, function: shout, timeout: 10s, memoryPages: 16 }
edges:
  - { source: plugin, target: shout, targetHandle: plugin }
  - { source: list, target: shout, targetHandle: data }
`,
    input: { data: ["tea", "milk"] },
    outputs: { shout: { result: ["MILK", "TEA"] } },
  },
];
