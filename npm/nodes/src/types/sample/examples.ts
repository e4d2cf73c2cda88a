import type { NodeExample } from "../../definition/example.js";

const LETTERS = ["a", "b", "c", "d", "e", "f"];

export const sampleExamples: readonly NodeExample[] = [
  {
    title: "Random rows, the same ones in each run",
    flow: `id: some-letters
nodes:
  - id: some
    type: sample
    parameters: { method: random, count: 2, seed: 7 }
`,
    input: { data: LETTERS },
    outputs: { some: { result: ["a", "e"], count: 2, total: 6 } },
  },
  {
    title: "Every third row",
    flow: `id: every-third
nodes:
  - id: thirds
    type: sample
    parameters: { method: every, step: 3 }
`,
    input: { data: LETTERS },
    outputs: { thirds: { result: ["a", "d"], count: 2, total: 6 } },
  },
];
