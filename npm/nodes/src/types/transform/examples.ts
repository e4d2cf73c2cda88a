import type { NodeExample } from "../../definition/example.js";

// Names, not positions of a list: bundlers leave out what is read by position only where it is used.
const LARGE = { customer: "Ada", total: 250 };
const MIDDLE = { customer: "Ada", total: 60 };
const ORDERS = [LARGE, { customer: "Grace", total: 40 }, MIDDLE];

export const transformExamples: readonly NodeExample[] = [
  {
    title: "Keep what fulfils conditions, largest first",
    flow: `id: large-orders
nodes:
  - id: large
    type: transform
    parameters:
      operation: filter
      where: [{ field: total, operator: gte, value: 50 }]
  - id: sorted
    type: transform
    parameters: { operation: sort, sortKey: total, sortDirection: desc }
edges:
  - { source: large, target: sorted }
`,
    input: { data: ORDERS },
    outputs: {
      large: { inputCount: 3, outputCount: 2 },
      sorted: { result: [LARGE, MIDDLE] },
    },
    isPart: true,
  },
  {
    title: "Sums by a field",
    flow: `id: totals
nodes:
  - id: totals
    type: transform
    parameters:
      operation: aggregate
      groupBy: customer
      aggregates:
        - { operation: sum, field: total, as: spent }
        - { operation: count, as: orders }
`,
    input: { data: ORDERS },
    outputs: {
      totals: {
        result: [
          { customer: "Ada", spent: 310, orders: 2 },
          { customer: "Grace", spent: 40, orders: 1 },
        ],
      },
    },
    isPart: true,
  },
  {
    title: "JavaScript for each item",
    flow: `id: with-tax
nodes:
  - id: with-tax
    type: transform
    policy: { timeout: 10s }
    parameters:
      operation: map
      transformFunction: |
        (order, index) => ({ number: index + 1, gross: order.total * 1.2 })
`,
    input: { data: ORDERS },
    outputs: {
      "with-tax": {
        result: [
          { number: 1, gross: 300 },
          { number: 2, gross: 48 },
          { number: 3, gross: 72 },
        ],
        operation: "map",
      },
    },
    isPart: true,
  },
];
