/** What pages in these tests run: the same flow, through each entry point that a page can import. */

/** Sets a field, asks code of a user which way to go, and lets another such code loose on a list. */
export const FLOW = {
  id: "flow",
  type: "group",
  nodes: [
    { id: "order", type: "edit-fields", parameters: { values: { result: [1, 2, 3] } } },
    { id: "large", type: "condition", parameters: { expression: "item.length > 2" } },
    { id: "small", type: "edit-fields", parameters: { values: { none: true } } },
    {
      id: "double",
      type: "transform",
      parameters: { operation: "map", transformFunction: "(n) => n * 2" },
    },
  ],
  edges: [
    { id: "1", source: "order", target: "large" },
    { id: "2", source: "large", target: "double", sourceHandle: "true" },
    { id: "3", source: "large", target: "small", sourceHandle: "false" },
  ],
};

/** What the last node of the flow gives. */
export const RESULT = [2, 4, 6];

const RUN = `.node.run(${JSON.stringify(FLOW)}).then(({ success, data, error }) => ({ success, data, error }))`;

/** A module that leaves a promise of what the flow gave on `globalThis.answer`. */
export const BROWSER = `
  import { conductor } from "@atomiton/conductor/browser";
  globalThis.answer = conductor${RUN};`;

/** The same, required. */
export const COMMON = `
  const { createConductor } = require("@atomiton/conductor/browser");
  globalThis.answer = createConductor()${RUN};`;

/** The same through the root. Everything else that a page can import is there too, and left on `globalThis.entries`. */
export const ROOT = `
  import * as root from "@atomiton/conductor";
  import * as desktop from "@atomiton/conductor/desktop";
  import * as factories from "@atomiton/conductor/test-utils/factories";
  import * as types from "@atomiton/conductor/types";
  import * as events from "@atomiton/events";
  import * as nodes from "@atomiton/nodes";
  import * as executables from "@atomiton/nodes/executables";
  import * as storage from "@atomiton/storage";
  globalThis.entries = { root, desktop, factories, types, events, nodes, executables, storage };
  globalThis.answer = root.createConductor({ transport: "local" })${RUN};`;

/** Every entry point that a page can import. */
export const EVERYTHING = [
  ...["", "/browser", "/slim", "/worker", "/desktop", "/types", "/test-utils/factories"].map(
    (path) => `conductor${path}`,
  ),
  ...["", "/constants", "/slim"].map((path) => `conductor-wasm${path}`),
  ...["", "/browser", "/desktop"].map((path) => `events${path}`),
  ...["", "/browser", "/executable", "/executables", "/definitions", "/templates/flows"].map((path) => `nodes${path}`),
  ...["", "/browser"].map((path) => `storage${path}`),
]
  .map((entry) => `import "@atomiton/${entry}";\n`)
  .join("");

/** The same with the module as a file, whose address the bundler gives; by bundler. */
export const SLIM = {
  vite: slim(`import url from "@atomiton/conductor/conductor.wasm?url";`),
  webpack: slim(`const url = new URL("@atomiton/conductor/conductor.wasm", import.meta.url);`),
};

function slim(address) {
  return `
  import { conductor, init } from "@atomiton/conductor/slim";
  ${address}
  globalThis.answer = init(url).then(() => conductor${RUN});`;
}
