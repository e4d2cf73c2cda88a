import type { NodeExample } from "../../definition/example.js";

export const groupExamples: readonly NodeExample[] = [
  {
    title: "Steps that are tried again together",
    flow: `id: sums
nodes:
  - id: work
    type: group
    policy: { retries: 2 }
    nodes:
      - { id: large, type: transform, parameters: { operation: filter, where: [{ field: n, operator: gt, value: 1 }] } }
      - { id: last, type: sample, parameters: { method: last, count: 1 } }
    edges: [{ source: large, target: last }]
`,
    input: { data: [{ n: 1 }, { n: 2 }, { n: 3 }] },
    outputs: { last: { result: [{ n: 3 }], count: 1 } },
    isPart: true,
  },
  {
    title: "Side by side",
    flow: `id: two-waits
nodes:
  - id: both
    type: group
    parameters: { parallel: true }
    nodes:
      - { id: one, type: delay, parameters: { duration: 20ms } }
      - { id: other, type: delay, parameters: { duration: 20ms } }
`,
    input: { data: "x" },
    outputs: { one: { result: "x", waited: 20 }, other: { result: "x", waited: 20 } },
  },
];
