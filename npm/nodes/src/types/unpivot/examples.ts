import type { NodeExample } from "../../definition/example.js";

export const unpivotExamples: readonly NodeExample[] = [
  {
    title: "A row for each month",
    flow: `id: by-month
nodes:
  - id: rows
    type: unpivot
    parameters: { keep: [region], nameTo: month, valueTo: total }
`,
    input: {
      data: [
        { region: "north", Jan: 6, Feb: 2 },
        { region: "south", Jan: 7 },
      ],
    },
    outputs: {
      rows: {
        result: [
          { region: "north", month: "Jan", total: 6 },
          { region: "north", month: "Feb", total: 2 },
          { region: "south", month: "Jan", total: 7 },
          { region: "south", month: "Feb", total: null },
        ],
        count: 4,
        columns: ["Jan", "Feb"],
      },
    },
  },
  {
    title: "Only some columns",
    flow: `id: phones
nodes:
  - id: phones
    type: unpivot
    parameters: { columns: [home, work], nameTo: kind, valueTo: phone }
`,
    input: { data: [{ id: 1, home: "555-1", work: "555-2" }] },
    outputs: {
      phones: {
        result: [
          { id: 1, kind: "home", phone: "555-1" },
          { id: 1, kind: "work", phone: "555-2" },
        ],
        count: 2,
        columns: ["home", "work"],
      },
    },
  },
];
