import type { NodeExample } from "../../definition/example.js";

const CHEAP = { product: "pen", price: "9" };
const DEAR = { product: "desk", price: "120" };
const FREE = { product: "catalogue", price: "" };

export const sortExamples: readonly NodeExample[] = [
  {
    title: "Numbers that a CSV file holds as text",
    flow: `id: by-price
nodes:
  - id: sorted
    type: sort
    parameters: { by: [{ field: price, direction: desc }] }
`,
    input: { data: [CHEAP, FREE, DEAR] },
    outputs: { sorted: { result: [DEAR, CHEAP, FREE], count: 3 } },
  },
  {
    title: "By several fields",
    flow: `id: by-city-and-date
nodes:
  - id: sorted
    type: sort
    parameters:
      by:
        - { field: city }
        - { field: since, as: date, nulls: first }
`,
    input: {
      data: [
        { city: "Oslo", since: "2024-03-01T10:00+01:00" },
        { city: "Bern" },
        { city: "Oslo", since: "2024-03-01T09:30Z" },
        { city: "Oslo" },
      ],
    },
    outputs: {
      sorted: {
        result: [
          { city: "Bern" },
          { city: "Oslo" },
          { city: "Oslo", since: "2024-03-01T10:00+01:00" },
          { city: "Oslo", since: "2024-03-01T09:30Z" },
        ],
        count: 4,
      },
    },
  },
];
