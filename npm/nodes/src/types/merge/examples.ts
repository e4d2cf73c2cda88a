import type { NodeExample } from "../../definition/example.js";

export const mergeExamples: readonly NodeExample[] = [
  {
    title: "Prices and stock of the same products as one record",
    flow: `id: catalogue
nodes:
  - id: prices
    type: transform
    parameters: { operation: sort, sortKey: price, data: "\${{ input.prices }}" }
  - id: stock
    type: transform
    parameters: { operation: filter, data: "\${{ input.stock }}", where: [{ field: count, operator: gt, value: 0 }] }
  - id: products
    type: merge
    parameters: { mode: key, keys: sku }
edges:
  - { source: prices, target: products, targetHandle: prices }
  - { source: stock, target: products, targetHandle: stock }
`,
    input: {
      prices: [
        { sku: "a", price: 5 },
        { sku: "b", price: 3 },
      ],
      stock: [
        { sku: "b", count: 7 },
        { sku: "c", count: 1 },
      ],
    },
    outputs: {
      products: {
        result: [
          { sku: "b", price: 3, count: 7 },
          { sku: "a", price: 5 },
          { sku: "c", count: 1 },
        ],
        count: 3,
        handles: ["prices", "stock"],
      },
    },
  },
  {
    title: "Both ways of a condition lead on",
    flow: `id: greet
nodes:
  - id: is-known
    type: condition
    parameters:
      where: [{ field: name, operator: isNotEmpty }]
  - id: known
    type: edit-fields
    parameters: { values: { greeting: "Hello {{name}}" } }
  - id: unknown
    type: edit-fields
    parameters: { values: { greeting: Hello stranger } }
  - id: either
    type: merge
    parameters: { mode: first }
edges:
  - { source: is-known, sourceHandle: "true", target: known }
  - { source: is-known, sourceHandle: "false", target: unknown }
  - { source: known, target: either, targetHandle: known }
  - { source: unknown, target: either, targetHandle: unknown }
`,
    input: { data: { name: "Ada" } },
    outputs: { either: { result: { name: "Ada", greeting: "Hello Ada" }, count: 1, handles: ["known"] } },
  },
];
