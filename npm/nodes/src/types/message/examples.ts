import type { NodeExample } from "../../definition/example.js";

export const messageExamples: readonly NodeExample[] = [
  {
    title: "A word in a channel",
    flow: `id: tell-the-team
nodes:
  - id: tell
    type: message
    parameters:
      service: json
      url: https://api.example.com/users
      text: The report is done.
`,
    outputs: { tell: { result: { id: 2, text: "The report is done." }, status: 201, truncated: false } },
    isPart: true,
  },
  {
    title: "Figures of a table as fields",
    flow: `id: tell-of-orders
nodes:
  - id: orders
    type: edit-fields
    parameters: { values: { orders: 12, total: "340.50" } }
  - id: tell
    type: message
    parameters:
      service: discord
      url: https://api.example.com/users
      title: Orders of today
      text: All of them are paid.
edges:
  - { source: orders, target: tell, targetHandle: fields }
`,
    outputs: { tell: { status: 201, truncated: false } },
    isPart: true,
  },
];
