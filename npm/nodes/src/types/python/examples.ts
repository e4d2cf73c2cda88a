import type { NodeExample } from "../../definition/example.js";

export const pythonExamples: readonly NodeExample[] = [
  {
    title: "Statistics of the standard library",
    flow: `id: spread
nodes:
  - id: spread
    type: python
    parameters:
      code: |
        from statistics import mean, stdev

        prices = [row["price"] for row in data]
        return {"mean": mean(prices), "spread": round(stdev(prices), 2)}
`,
    input: { data: [{ price: 10 }, { price: 12 }, { price: 17 }] },
    outputs: { spread: { result: { mean: 13, spread: 3.61 } } },
    isPart: true,
  },
  {
    title: "A function over several inputs, and two ways out",
    flow: `id: check-orders
nodes:
  - id: orders
    type: file-system
    parameters: { path: orders.json, format: json }
  - id: check
    type: python
    parameters:
      outputs: [known, unknown]
      code: |
        def main(orders, customers):
            names = set(customers)
            print(len(orders), "orders")
            return {
                "known": [order for order in orders if order["customer"] in names],
                "unknown": sorted({order["customer"] for order in orders} - names),
            }
  - id: ship
    type: transform
    parameters: { operation: sort, sortKey: total }
  - id: customers
    type: edit-fields
    parameters: { keepOnlySet: true, values: { result: [Ada, Grace] } }
edges:
  - { source: orders, target: check, targetHandle: orders }
  - { source: customers, target: check, targetHandle: customers }
  - { source: check, sourceHandle: known, target: ship }
`,
    files: {
      "orders.json":
        '[{ "customer": "Ada", "total": 9 }, { "customer": "Joan", "total": 5 }, { "customer": "Grace", "total": 4 }]',
    },
    outputs: {
      check: { handles: ["known", "unknown"], stdout: "3 orders\n" },
      ship: {
        result: [
          { customer: "Grace", total: 4 },
          { customer: "Ada", total: 9 },
        ],
      },
    },
    isPart: true,
  },
];
