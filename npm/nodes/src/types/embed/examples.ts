import type { NodeExample } from "../../definition/example.js";

export const embedExamples: readonly NodeExample[] = [
  {
    title: "Vectors of texts",
    flow: `id: vectors-of-drinks
nodes:
  - id: vectors
    type: embed
    policy: { retries: 3, retryDelay: 2s }
    parameters:
      baseUrl: https://api.example.com/v1
      model: small
      texts: [tea, coffee]
`,
    outputs: {
      vectors: {
        result: [
          [3, 1],
          [6, 2],
        ],
        count: 2,
        dimensions: 2,
        usage: { promptTokens: 4, completionTokens: 0, totalTokens: 4 },
        model: "small",
      },
    },
  },
  {
    title: "Vectors of the rows of a table",
    flow: `id: vectors-of-products
nodes:
  - id: products
    type: spreadsheet
    parameters: { path: products.csv }
  - id: vectors
    type: embed
    parameters:
      baseUrl: https://api.example.com/v1
      model: small
      field: title
      batchSize: 1
edges:
  - { source: products, target: vectors }
`,
    files: { "products.csv": "id,title\n1,green tea\n2,cup\n" },
    outputs: {
      vectors: {
        result: [
          [9, 3],
          [3, 0],
        ],
        usage: { promptTokens: 8, completionTokens: 0, totalTokens: 8 },
      },
    },
    isPart: true,
  },
];
