import type { NodeExample } from "../../definition/example.js";

const NORTH = { region: "north", day: 1, total: 30 };
const SOUTH = { region: "south", day: 1, total: 5 };
const LATER = { region: "north", day: 2, total: 10 };

export const windowExamples: readonly NodeExample[] = [
  {
    title: "Sums so far, and parts of the whole",
    flow: `id: sums-so-far
nodes:
  - id: sums
    type: window
    parameters:
      partitionBy: [region]
      orderBy: [{ field: day }]
      functions:
        - { function: runningSum, field: total, as: soFar }
        - { function: share, field: total, as: share }
`,
    input: { data: [LATER, SOUTH, NORTH] },
    outputs: {
      sums: {
        result: [
          { ...LATER, soFar: 40, share: 0.25 },
          { ...SOUTH, soFar: 5, share: 1 },
          { ...NORTH, soFar: 30, share: 0.75 },
        ],
        count: 3,
      },
    },
  },
  {
    title: "Ranks, and what came before",
    flow: `id: ranks
nodes:
  - id: ranked
    type: window
    parameters:
      orderBy: [{ field: total, direction: desc }]
      functions:
        - { function: rank, as: place }
        - { function: lag, field: total, as: ahead, default: none }
`,
    input: { data: [SOUTH, NORTH, LATER] },
    outputs: {
      ranked: {
        result: [
          { ...SOUTH, place: 3, ahead: 10 },
          { ...NORTH, place: 1, ahead: "none" },
          { ...LATER, place: 2, ahead: 30 },
        ],
        count: 3,
      },
    },
  },
];
