import type { NodeExample } from "../../definition/example.js";

export const respondExamples: readonly NodeExample[] = [
  {
    title: "An answer in a run that no request waits for",
    flow: `id: answer
nodes:
  - id: answer
    type: respond
    parameters: { status: 202, headers: { "x-queue": "3" } }
`,
    input: { data: { accepted: true } },
    outputs: { answer: { status: 202, headers: { "x-queue": "3" }, body: { accepted: true }, sent: false } },
  },
];
