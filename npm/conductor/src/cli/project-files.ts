/** The files of a new project, by their paths. */

/** @param version of this package, which the project then depends on */
export function projectFiles(name: string, version: string): Record<string, string> {
  return {
    "package.json": `${JSON.stringify(packageOf(name, version), null, 2)}\n`,
    "orders.flow.yaml": FLOW,
    "data/orders.csv": ORDERS,
    "nodes/discount.js": NODE_TYPE,
    "conductor.config.json": CONFIG,
    "test/orders.test.js": FLOW_TEST,
    "test/discount.test.js": NODE_TEST,
    "README.md": readme(name),
    ".gitignore": "node_modules/\nout/\n",
  };
}

function packageOf(name: string, version: string): object {
  return {
    name,
    version: "0.0.0",
    private: true,
    type: "module",
    scripts: {
      start: "conductor run orders.flow.yaml",
      validate: "conductor validate orders.flow.yaml",
      test: "node --test",
    },
    engines: { node: ">=20" },
    dependencies: { "@atomiton/conductor": `^${version}` },
  };
}

const ORDERS = `id,customer,price,quantity
1,Ada,12.50,10
2,Grace,3.20,4
3,Ada,80,2
4,Linus,15,1
`;

const FLOW = `# yaml-language-server: $schema=./node_modules/@atomiton/conductor/flow.schema.json
# Who ordered most? Reads data/orders.csv, writes out/customers.csv.

id: orders
name: Orders by customer
type: group

nodes:
  - id: read
    type: spreadsheet
    parameters: { path: data/orders.csv }

  # Every cell is text, so that numbers are made of those that are counted with.
  - id: totals
    type: transform
    parameters:
      operation: map
      transformFunction: |
        order => ({ customer: order.customer, total: Number(order.price) * Number(order.quantity) })

  - id: large
    type: transform
    parameters:
      operation: filter
      where: [{ field: total, operator: gte, value: 15 }]

  - id: by-customer
    type: transform
    parameters:
      operation: aggregate
      groupBy: customer
      aggregates: [{ operation: sum, field: total, as: spent }]

  - id: ranking
    type: transform
    parameters: { operation: sort, sortKey: spent, sortDirection: desc }

  - id: write
    type: file-system
    parameters: { operation: write, path: out/customers.csv }

edges:
  - { source: read, target: totals }
  - { source: totals, target: large }
  - { source: large, target: by-customer }
  - { source: by-customer, target: ranking }
  - { source: ranking, target: write }
`;

const CONFIG = `{
  "nodes": ["./nodes/discount.js"]
}
`;

const NODE_TYPE = `import { defineNode } from "@atomiton/conductor";

/** A node type of your own: takes some percent off a total. */
export const discount = defineNode({
  type: "discount",
  description: "Takes some percent off a total.",
  // Checked before it is called, and known to \`conductor validate\` and \`conductor nodes discount\`.
  parameters: {
    type: "object",
    properties: { percent: { type: "number", minimum: 0, maximum: 100, default: 10 } },
  },
  inputs: { order: { type: "object", properties: { total: { type: "number" } }, required: ["total"] } },
  execute({ parameters, inputs }) {
    return { ...inputs.order, total: inputs.order.total * (1 - parameters.percent / 100) };
  },
});
`;

const FLOW_TEST = `import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readFlow } from "@atomiton/conductor";
import { runFlow } from "@atomiton/conductor/testing";

const flow = readFlow(readFileSync("orders.flow.yaml", "utf8"));

test("customers are ranked by what they spent", async () => {
  const result = await runFlow(flow);
  assert.equal(result.error, undefined);
  assert.equal(readFileSync("out/customers.csv", "utf8"), "customer,spent\\nAda,285\\nLinus,15\\n");
});

test("orders of little are left out", async () => {
  const records = [
    { customer: "Ada", price: "14", quantity: "1" },
    { customer: "Linus", price: "15", quantity: "1" },
  ];
  const { outputs } = await runFlow(flow, { mocks: { read: { records }, write: "not written" } });
  assert.deepEqual(outputs.ranking.result, [{ customer: "Linus", spent: 15 }]);
});
`;

const NODE_TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { runFlow, runNode } from "@atomiton/conductor/testing";
import { discount } from "../nodes/discount.js";

test("a discount is taken off the total", async () => {
  const { data } = await runNode(discount, { percent: 20 }, { order: { id: 1, total: 50 } });
  assert.deepEqual(data, { id: 1, total: 40 });
});

test("a total that is no number ends the run with words that say so", async () => {
  const { error } = await runNode(discount, {}, { order: { total: "50" } });
  assert.equal(error.code, "TYPE_MISMATCH");
  assert.match(error.message, /total.* must be a number, found "50"/);
});

test("within a flow it hands its output on", async () => {
  const flow = {
    id: "sale",
    type: "group",
    nodes: [
      { id: "sale", type: "discount", parameters: { percent: 50 } },
      { id: "words", type: "edit-fields", parameters: { values: { text: "Pay {{total}}" } } },
    ],
    edges: [{ source: "sale", target: "words", targetHandle: "data" }],
  };
  const { data } = await runFlow(flow, { nodes: [discount], input: { order: { total: 50 } } });
  assert.deepEqual(data, { result: { total: 25, text: "Pay 25" } });
});
`;

function readme(name: string): string {
  return `# ${name}

\`orders.flow.yaml\` reads \`data/orders.csv\` and writes \`out/customers.csv\`.

\`\`\`sh
npm install
npm start            # runs the flow
npm test             # runs the flow and the node type, and compares
npm run validate     # tells what is wrong with the flow
npx conductor nodes  # what types of nodes there are; add the name of one to see all about it
\`\`\`

\`nodes/discount.js\` is a node type of your own, which flows of this folder can use because \`conductor.config.json\` names
it; \`test/discount.test.js\` runs it alone and within a flow.

The first line of the flow lets editors with the YAML language server complete and check it.
`;
}
