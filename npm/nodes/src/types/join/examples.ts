import type { NodeExample } from "../../definition/example.js";

const ORDERS = [
  { id: 1, customer: 7, total: 250 },
  { id: 2, customer: 9, total: 40 },
];
const CUSTOMERS = [{ id: "7", name: "Ada" }];

export const joinExamples: readonly NodeExample[] = [
  {
    title: "Orders with their customers",
    flow: `id: orders-with-customers
nodes:
  - id: joined
    type: join
    parameters: { how: left, leftKeys: [customer], rightKeys: [id], suffix: OfCustomer }
`,
    input: { left: ORDERS, right: CUSTOMERS },
    outputs: {
      joined: {
        result: [
          { id: 1, customer: 7, total: 250, idOfCustomer: "7", name: "Ada" },
          { id: 2, customer: 9, total: 40, idOfCustomer: null, name: null },
        ],
        count: 2,
        unmatchedLeft: 1,
        unmatchedRight: 0,
      },
    },
  },
  {
    title: "Rows that the other list lacks",
    flow: `id: not-yet-sent
nodes:
  - id: waiting
    type: join
    parameters: { how: anti, on: [id] }
`,
    input: { left: ORDERS, right: [{ id: 2 }] },
    outputs: {
      waiting: {
        result: [{ id: 1, customer: 7, total: 250 }],
        count: 1,
        unmatchedLeft: 1,
        unmatchedRight: 0,
      },
    },
  },
];
