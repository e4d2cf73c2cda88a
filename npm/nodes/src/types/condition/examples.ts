import type { NodeExample } from "../../definition/example.js";

export const conditionExamples: readonly NodeExample[] = [
  {
    title: "Large orders go one way, small ones the other",
    flow: `id: route-an-order
nodes:
  - id: is-large
    type: condition
    parameters:
      where: [{ field: total, operator: gt, value: 100 }]
  - id: large
    type: edit-fields
    parameters: { values: { shipping: free } }
  - id: small
    type: edit-fields
    parameters: { values: { shipping: standard } }
edges:
  - { source: is-large, sourceHandle: "true", target: large }
  - { source: is-large, sourceHandle: "false", target: small }
`,
    input: { data: { id: 7, total: 250 } },
    outputs: {
      "is-large": { result: true, value: { id: 7, total: 250 } },
      large: { result: { id: 7, total: 250, shipping: "free" } },
    },
  },
  {
    title: "An expression over a whole list",
    flow: `id: any-overdue
nodes:
  - id: overdue
    type: condition
    parameters:
      expression: item.some(invoice => invoice.days > 30)
  - id: remind
    type: edit-fields
    parameters: { keepOnlySet: true, values: { subject: "{{data.length}} invoices, some of them late" } }
edges:
  - { source: overdue, sourceHandle: "true", target: remind }
`,
    input: { data: [{ days: 3 }, { days: 45 }] },
    outputs: { remind: { result: { subject: "2 invoices, some of them late" } } },
  },
];
