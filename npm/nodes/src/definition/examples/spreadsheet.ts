import type { NodeExample } from "./example.js";

export const spreadsheetExamples: readonly NodeExample[] = [
  {
    title: "A CSV file",
    flow: `id: read-orders
nodes:
  - id: orders
    type: spreadsheet
    parameters: { path: data/orders.csv }
`,
    files: { "data/orders.csv": "id,customer,total\n1,Ada,250\n2,Grace,40\n" },
    outputs: {
      orders: {
        records: [
          { id: "1", customer: "Ada", total: "250" },
          { id: "2", customer: "Grace", total: "40" },
        ],
        headers: ["id", "customer", "total"],
        rowCount: 2,
      },
    },
    isPart: true,
  },
  {
    title: "Text with semicolons, without names of columns",
    flow: `id: read-text
nodes:
  - id: rows
    type: spreadsheet
    parameters: { delimiter: ";", hasHeaders: false }
`,
    input: { data: "Ada;250\nGrace;40\n" },
    outputs: {
      rows: {
        records: [
          { column1: "Ada", column2: "250" },
          { column1: "Grace", column2: "40" },
        ],
        delimiter: ";",
      },
    },
    isPart: true,
  },
];
