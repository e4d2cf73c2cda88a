import type { NodeExample } from "../../definition/example.js";

export const parallelExamples: readonly NodeExample[] = [
  {
    title: "Two waits side by side",
    flow: `id: side-by-side
nodes:
  - id: both
    type: parallel
    parameters: { parallel: true }
    nodes:
      - { id: one, type: delay, parameters: { duration: 20ms } }
      - { id: other, type: delay, parameters: { duration: 20ms } }
`,
    input: { data: "x" },
    outputs: { one: { result: "x", waited: 20 }, other: { result: "x", waited: 20 } },
  },
  {
    title: "Both answers in one",
    flow: `id: both-answers
nodes:
  - id: both
    type: parallel
    parameters: { parallel: true }
    nodes:
      - { id: one, type: delay, parameters: { duration: 10ms } }
      - { id: other, type: delay, parameters: { duration: 20ms } }
      - { id: answers, type: merge, parameters: { mode: object } }
    edges:
      - { source: one, target: answers, targetHandle: one }
      - { source: other, target: answers, targetHandle: other }
`,
    input: { data: 5 },
    outputs: { answers: { result: { one: 5, other: 5 } } },
    isPart: true,
  },
];
