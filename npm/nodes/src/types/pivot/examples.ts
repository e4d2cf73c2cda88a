import type { NodeExample } from "../../definition/example.js";

const SALES = [
  { region: "north", month: "Jan", total: 5 },
  { region: "south", month: "Jan", total: 7 },
  { region: "north", month: "Feb", total: 2 },
  { region: "north", month: "Jan", total: 1 },
];

export const pivotExamples: readonly NodeExample[] = [
  {
    title: "Totals of regions by month",
    flow: `id: totals-by-month
nodes:
  - id: totals
    type: pivot
    parameters: { index: [region], column: month, value: total, fill: 0 }
`,
    input: { data: SALES },
    outputs: {
      totals: {
        result: [
          { region: "north", Jan: 6, Feb: 2 },
          { region: "south", Jan: 7, Feb: 0 },
        ],
        count: 2,
        columns: ["Jan", "Feb"],
      },
    },
  },
  {
    title: "How often values are there",
    flow: `id: sales-by-region
nodes:
  - id: sales
    type: pivot
    parameters: { column: region, aggregate: count }
`,
    input: { data: SALES },
    outputs: { sales: { result: [{ north: 3, south: 1 }], count: 1, columns: ["north", "south"] } },
  },
];
