import type { NodeExample } from "../../definition/example.js";

export const xmlExamples: readonly NodeExample[] = [
  {
    title: "A feed, whose entries are a list even if there is one",
    flow: `id: feed
nodes:
  - id: feed
    type: xml
    parameters: { lists: [entry] }
`,
    input: { data: '<feed lang="en"><entry id="1"><title>Tea &amp; cake</title></entry></feed>' },
    outputs: {
      feed: {
        result: { feed: { "@lang": "en", entry: [{ "@id": "1", title: "Tea & cake" }] } },
        root: "feed",
        operation: "parse",
      },
    },
  },
  {
    title: "Records as XML",
    flow: `id: export
nodes:
  - id: document
    type: xml
    parameters: { operation: build, root: orders, item: order, declaration: false }
`,
    input: {
      data: [
        { "@id": 1, total: 5 },
        { "@id": 2, total: 7, note: "a < b" },
      ],
    },
    outputs: {
      document: {
        result:
          '<orders><order id="1"><total>5</total></order><order id="2"><total>7</total><note>a &lt; b</note></order></orders>',
        root: "orders",
        operation: "build",
      },
    },
  },
];
