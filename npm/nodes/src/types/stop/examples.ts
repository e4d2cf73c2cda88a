import type { NodeExample } from "../../definition/example.js";

export const stopExamples: readonly NodeExample[] = [
  {
    title: "Nothing to do",
    flow: `id: nothing-to-do
nodes:
  - { id: due, type: condition, parameters: { expression: item.invoices.length > 0 } }
  - { id: done, type: stop, parameters: { as: success, message: No invoices today } }
  - { id: bill, type: edit-fields, parameters: { values: { sent: true } } }
edges:
  - { source: due, target: done, sourceHandle: "false" }
  - { source: due, target: bill, sourceHandle: "true" }
`,
    input: { data: { invoices: [] } },
    outputs: { done: { result: { invoices: [] }, message: "No invoices today" } },
  },
  {
    title: "A failure in one's own words, and what is done about it",
    flow: `id: too-much
nodes:
  - { id: check, type: condition, parameters: { expression: item.total > 1000 } }
  - { id: refuse, type: stop, parameters: { message: "Orders over 1000 need a signature" } }
  - { id: note, type: edit-fields, parameters: { keepOnlySet: true, values: { refused: true } } }
edges:
  - { source: check, target: refuse, sourceHandle: "true" }
  - { source: refuse, target: note, sourceHandle: error }
`,
    input: { data: { total: 5000 } },
    outputs: { note: { result: { refused: true } } },
    isPart: true,
  },
];
