import type { NodeExample } from "../../definition/example.js";

export const switchExamples: readonly NodeExample[] = [
  {
    title: "Tickets go to the team of their topic",
    flow: `id: route-a-ticket
nodes:
  - id: topic
    type: switch
    parameters:
      field: subject
      cases:
        - { handle: billing, matches: "invoice|refund", ignoreCase: true }
        - { handle: support, matches: "^\\\\[bug\\\\]" }
  - id: billing
    type: edit-fields
    parameters: { values: { team: Billing } }
  - id: others
    type: edit-fields
    parameters: { values: { team: Front desk } }
edges:
  - { source: topic, sourceHandle: billing, target: billing }
  - { source: topic, sourceHandle: default, target: others }
`,
    input: { data: { id: 7, subject: "Refund for order 12" } },
    outputs: {
      topic: { handles: ["billing"], value: { id: 7, subject: "Refund for order 12" } },
      billing: { result: { id: 7, subject: "Refund for order 12", team: "Billing" } },
    },
  },
  {
    title: "A list split by amount",
    flow: `id: split-orders
nodes:
  - id: by-size
    type: switch
    parameters:
      perItem: true
      field: total
      cases:
        - { handle: large, gte: 100 }
        - { handle: medium, gte: 10 }
  - id: large
    type: transform
    parameters: { operation: sort, sortKey: total, sortDirection: desc }
  - id: small
    type: transform
    parameters: { operation: reverse }
edges:
  - { source: by-size, sourceHandle: large, target: large }
  - { source: by-size, sourceHandle: default, target: small }
`,
    input: { data: [{ total: 120 }, { total: 3 }, { total: 250 }] },
    outputs: {
      "by-size": { handles: ["large", "default"] },
      large: { result: [{ total: 250 }, { total: 120 }] },
      small: { result: [{ total: 3 }] },
    },
    isPart: true,
  },
];
