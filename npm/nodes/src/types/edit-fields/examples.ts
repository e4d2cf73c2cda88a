import type { NodeExample } from "../../definition/example.js";

export const editFieldsExamples: readonly NodeExample[] = [
  {
    title: "Fields from values and templates",
    flow: `id: greet
nodes:
  - id: greeting
    type: edit-fields
    parameters:
      escape: false
      values:
        greeting: Hello {{name}} from {{address.city}}
        visits: 1
`,
    input: { data: { name: "Ada", address: { city: "London" } } },
    outputs: {
      greeting: {
        result: { name: "Ada", address: { city: "London" }, greeting: "Hello Ada from London", visits: 1 },
      },
    },
  },
  {
    title: "A list as Markdown, and nothing else",
    flow: `id: report
variables:
  title: { type: string, defaultValue: Prices }
nodes:
  - id: report
    type: edit-fields
    parameters:
      keepOnlySet: true
      escape: false
      values:
        text: |
          # {{variables.title}}
          {{#data}}
          - {{name}}: {{price}}
          {{/data}}
          {{^data}}
          Nothing for sale.
          {{/data}}
`,
    input: {
      data: [
        { name: "Tea", price: 3 },
        { name: "Cake", price: 5 },
      ],
    },
    outputs: { report: { result: { text: "# Prices\n- Tea: 3\n- Cake: 5\n" } } },
  },
];
