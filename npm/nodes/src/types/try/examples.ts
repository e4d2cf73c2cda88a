import type { NodeExample } from "../../definition/example.js";

export const tryExamples: readonly NodeExample[] = [
  {
    title: "Something else after a failure, and a last step in any case",
    flow: `id: orders
nodes:
  - id: orders
    type: try
    parameters: { catch: none, finally: noted }
    nodes:
      - { id: read, type: code, parameters: { code: "throw new Error('the shop is closed')" } }
      - { id: count, type: sample, parameters: { method: first, count: 5 } }
      - { id: none, type: edit-fields, parameters: { keepOnlySet: true, values: { orders: 0, why: "\${{ input.error.message }}" } } }
      - { id: noted, type: edit-fields, parameters: { keepOnlySet: true, values: { asked: true } } }
    edges: [{ source: read, target: count }]
`,
    outputs: {
      none: { orders: 0, why: "the shop is closed" },
      noted: { asked: true },
      orders: { orders: 0, why: "the shop is closed" },
    },
    isPart: true,
  },
  {
    title: "Steps that run twice before they count as failed",
    flow: `id: twice
nodes:
  - id: work
    type: try
    policy: { retries: 1, retryDelay: 10ms }
    parameters: { catch: give-up }
    nodes:
      - { id: share, type: code, parameters: { code: "if (data.n === 0) throw new Error('nobody came'); return 12 / data.n" } }
      - { id: give-up, type: template, parameters: { template: "gave up: \${{ input.error.message }}" } }
`,
    input: { data: { n: 0 } },
    outputs: { "give-up": { result: "gave up: nobody came" } },
    isPart: true,
  },
];
