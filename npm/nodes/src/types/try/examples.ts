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
      - { id: none, type: template, parameters: { template: "no orders: \${{ input.error.nodeId }} failed" } }
      - { id: noted, type: template, parameters: { template: asked } }
    edges: [{ source: read, target: count }]
`,
    outputs: {
      none: { result: "no orders: read failed" },
      noted: { result: "asked" },
      orders: { result: "no orders: read failed" },
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
      - { id: give-up, type: template, parameters: { template: "gave up after \${{ input.error.code }} of \${{ input.error.nodeId }}" } }
`,
    input: { data: { n: 0 } },
    outputs: { "give-up": { result: "gave up after EXECUTION_FAILED of share" } },
    isPart: true,
  },
];
