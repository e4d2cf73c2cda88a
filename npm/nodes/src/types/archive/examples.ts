import type { NodeExample } from "../../definition/example.js";

export const archiveExamples: readonly NodeExample[] = [
  {
    title: "A folder as zip, and what is in it",
    flow: `id: pack-reports
nodes:
  - id: pack
    type: archive
    parameters: { operation: create, path: output/reports.zip, folder: reports, patterns: ["**/*.csv"] }
  - id: look
    type: archive
    parameters: { operation: list, path: output/reports.zip }
edges:
  - { source: pack, target: look }
`,
    files: { "reports/may.csv": "a\n1\n", "reports/2025/april.csv": "a\n2\n", "reports/notes.txt": "" },
    outputs: {
      pack: { result: "output/reports.zip", path: "output/reports.zip", count: 2, format: "zip" },
      look: { count: 2, size: 8, format: "zip" },
    },
    isPart: true,
  },
  {
    title: "Values as tar.gz, and the files that come out of it",
    flow: `id: there-and-back
nodes:
  - id: pack
    type: archive
    parameters:
      operation: create
      format: tar.gz
      files:
        - { path: data/prices.json, content: { tea: 3 } }
        - { path: read.me, content: hello }
  - id: unpack
    type: archive
    parameters: { operation: extract, folder: output }
  - id: check
    type: file-system
    parameters: { operation: read, path: output/read.me }
edges:
  - { source: pack, target: unpack }
  - { source: unpack, target: check }
`,
    outputs: {
      unpack: { result: ["output/data/prices.json", "output/read.me"], count: 2, size: 19, folder: "output" },
      check: { result: "hello" },
    },
    isPart: true,
  },
];
