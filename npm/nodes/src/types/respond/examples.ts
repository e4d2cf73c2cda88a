import type { NodeExample } from "../../definition/example.js";

export const respondExamples: readonly NodeExample[] = [
  {
    title: "An answer in a run that no request waits for",
    flow: `id: answer
nodes:
  - id: answer
    type: respond
    parameters: { status: 202, headers: { "x-queue": "3" } }
`,
    input: { data: { accepted: true } },
    outputs: { answer: { status: 202, headers: { "x-queue": "3" }, body: { accepted: true }, sent: false } },
  },
  {
    title: "A page of HTML, made of what came in",
    flow: `id: page
nodes:
  - id: page
    type: respond
    parameters:
      headers: { content-type: text/html }
      body: "<h1>Hello \${{ data.name }}</h1>"
`,
    input: { data: { name: "Ada" } },
    outputs: {
      page: { status: 200, headers: { "content-type": "text/html" }, body: "<h1>Hello Ada</h1>", sent: false },
    },
  },
];
