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
  {
    title: "Files of two kinds, but for a folder",
    flow: `id: find-tables
nodes:
  - id: find
    type: file-system
    parameters: { operation: list, path: data, patterns: ["**/*.{csv,tsv}", "!old"] }
`,
    files: { "data/a.csv": "a\n", "data/new/b.tsv": "b\n", "data/old/c.csv": "c\n", "data/notes.txt": "" },
    outputs: {
      find: { result: ["data/a.csv", "data/new/b.tsv"], count: 2, matched: { "**/*.{csv,tsv}": 2 } },
    },
    isPart: true,
  },
  {
    title: "The lines of a log that tell of errors",
    flow: `id: errors-of-a-log
nodes:
  - id: read
    type: file-system
    parameters: { operation: read, path: server.log, format: lines }
  - id: errors
    type: transform
    parameters: { operation: filter, transformFunction: 'line => line.includes(" ERROR ")' }
  - id: save
    type: file-system
    parameters: { operation: write, path: errors.log, format: lines }
edges:
  - { source: read, target: errors }
  - { source: errors, target: save }
`,
    files: { "server.log": "10:00 INFO up\n10:01 ERROR disk full\n10:02 INFO down\n" },
    outputs: { errors: { result: ["10:01 ERROR disk full"] }, save: { size: 22 } },
    isPart: true,
  },
  {
    title: "Settings in YAML as JSON",
    flow: `id: convert-settings
nodes:
  - id: read
    type: file-system
    parameters: { operation: read, path: settings.yaml, format: yaml }
  - id: save
    type: file-system
    parameters: { operation: write, path: settings.json }
  - id: check
    type: file-system
    parameters: { operation: read, path: settings.json }
edges:
  - { source: read, target: save }
  - { source: save, target: check }
`,
    files: { "settings.yaml": "port: 80\nhosts: [a, b]\n" },
    outputs: {
      read: { result: { port: 80, hosts: ["a", "b"] }, size: 23 },
      check: { result: '{\n  "port": 80,\n  "hosts": [\n    "a",\n    "b"\n  ]\n}' },
    },
    isPart: true,
  },
];
