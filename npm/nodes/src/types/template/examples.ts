import type { NodeExample } from "../../definition/example.js";

export const templateExamples: readonly NodeExample[] = [
  {
    title: "Markdown with a table becomes HTML",
    flow: `id: report
nodes:
  - id: report
    type: template
    parameters:
      format: markdown
      tables: [orders]
      template: |
        ## Orders of {{name}}

        {{tables.orders}}
`,
    input: { data: { name: "Ada <3", orders: [{ item: "Tea", price: 3 }] } },
    outputs: {
      report: {
        result:
          '<h2>Orders of Ada &lt;3</h2>\n<table>\n<thead>\n<tr>\n<th>item</th>\n<th align="right">price</th>\n</tr>\n</thead>\n<tbody><tr>\n<td>Tea</td>\n<td align="right">3</td>\n</tr>\n</tbody></table>\n',
        format: "html",
      },
    },
    isPart: true,
  },
  {
    title: "A text for a mail",
    flow: `id: reminder
nodes:
  - id: reminder
    type: template
    parameters:
      template: |
        Dear {{name}},
        {{#invoices}}
        invoice {{number}} over {{total}} is due.
        {{/invoices}}
`,
    input: {
      data: {
        name: "Ada",
        invoices: [
          { number: 7, total: 12 },
          { number: 9, total: 3 },
        ],
      },
    },
    outputs: {
      reminder: {
        result: "Dear Ada,\ninvoice 7 over 12 is due.\ninvoice 9 over 3 is due.\n",
        content: "Dear Ada,\ninvoice 7 over 12 is due.\ninvoice 9 over 3 is due.\n",
        format: "text",
      },
    },
  },
];
