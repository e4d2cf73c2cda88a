import type { NodeExample } from "../../definition/example.js";

export const fileSystemExamples: readonly NodeExample[] = [
  {
    title: "A list as CSV",
    flow: `id: save-prices
nodes:
  - id: save
    type: file-system
    parameters: { operation: write, path: output/prices.csv }
  - id: check
    type: file-system
    parameters: { operation: read, path: output/prices.csv }
edges:
  - { source: save, target: check }
`,
    input: { content: [{ name: "Tea", price: 3 }] },
    outputs: {
      save: { result: "output/prices.csv", path: "output/prices.csv", success: true, size: 17 },
      check: { result: "name,price\nTea,3\n" },
    },
    isPart: true,
  },
  {
    title: "What is in a folder and below it",
    flow: `id: list-data
nodes:
  - id: list
    type: file-system
    parameters: { operation: list, path: data, recursive: true }
`,
    files: { "data/a.csv": "a\n", "data/old/b.csv": "b\n", "data/.hidden": "" },
    outputs: { list: { result: ["data/a.csv", "data/old", "data/old/b.csv"], count: 3 } },
    isPart: true,
  },
];
