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
  {
    title: "The first answer that comes, from any branch",
    flow: `id: quickest
nodes:
  - id: quickest
    type: parallel
    parameters: { mode: race }
    nodes:
      - { id: near, type: delay, parameters: { duration: 10ms } }
      - { id: far, type: delay, parameters: { duration: 1m } }
`,
    input: { data: "answer" },
    outputs: { quickest: { result: { result: "answer", waited: 10 }, winner: "near" } },
  },
  {
    title: "How each branch went, also those that failed",
    flow: `id: settled
nodes:
  - id: each
    type: parallel
    parameters: { mode: allSettled }
    nodes:
      - { id: fine, type: code, parameters: { code: return 1 } }
      - { id: broken, type: code, parameters: { code: "throw new Error('no paper')" } }
`,
    outputs: { each: { completed: 1, failed: 1, success: false } },
    isPart: true,
  },
  {
    title: "Two of three are enough",
    flow: `id: quorum
nodes:
  - id: quorum
    type: parallel
    parameters: { mode: first, count: 2 }
    nodes:
      - { id: one, type: code, parameters: { code: return "yes" } }
      - { id: other, type: code, parameters: { code: return "yes" } }
      - { id: late, type: delay, parameters: { duration: 1m } }
`,
    outputs: { quorum: { results: [{ result: "yes" }, { result: "yes" }] } },
    isPart: true,
  },
];
