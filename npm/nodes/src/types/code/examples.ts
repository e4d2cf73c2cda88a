import type { NodeExample } from "../../definition/example.js";

export const codeExamples: readonly NodeExample[] = [
  {
    title: "A body over two inputs",
    flow: `id: net-sales
nodes:
  - id: net
    type: code
    parameters:
      code: |
        const sum = (list) => list.reduce((total, { amount }) => total + amount, 0);
        return { sold: sum(inputs.orders), net: sum(inputs.orders) - sum(inputs.returns) };
`,
    input: { orders: [{ amount: 30 }, { amount: 12 }], returns: [{ amount: 12 }] },
    outputs: { net: { result: { sold: 42, net: 30 } } },
  },
  {
    title: "TypeScript",
    flow: `id: late-orders
nodes:
  - id: late
    type: code
    parameters:
      language: typescript
      code: |
        interface Order { id: number; days: number }
        const isLate = ({ days }: Order): boolean => days > 3;
        return (data as Order[]).filter(isLate).map(({ id }) => id);
`,
    input: {
      data: [
        { id: 1, days: 5 },
        { id: 2, days: 1 },
      ],
    },
    outputs: { late: { result: [1] } },
  },
  {
    title: "Several ways out",
    flow: `id: check-orders
nodes:
  - id: check
    type: code
    parameters:
      outputs: [accepted, refused]
      code: |
        ({ data }) => {
          const accepted = data.filter((order) => order.total > 0);
          const refused = data.filter((order) => !accepted.includes(order));
          return { accepted, ...(refused.length > 0 && { refused }) };
        }
  - id: ship
    type: transform
    parameters: { operation: sort, sortKey: total }
  - id: complain
    type: edit-fields
    parameters: { keepOnlySet: true, values: { text: "{{data.length}} refused" } }
edges:
  - { source: check, sourceHandle: accepted, target: ship }
  - { source: check, sourceHandle: refused, target: complain }
`,
    input: { data: [{ total: 9 }, { total: 4 }] },
    outputs: {
      check: { handles: ["accepted"], value: { accepted: [{ total: 9 }, { total: 4 }] } },
      ship: { result: [{ total: 4 }, { total: 9 }] },
    },
    isPart: true,
  },
];
