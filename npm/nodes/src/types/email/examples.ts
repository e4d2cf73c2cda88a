import type { NodeExample } from "../../definition/example.js";

export const emailExamples: readonly NodeExample[] = [
  {
    title: "A report with a file",
    flow: `id: send-a-report
nodes:
  - id: send
    type: email
    policy: { retries: 3, retryDelay: 10s }
    parameters:
      host: smtp.example.com
      from: Reports <reports@example.com>
      to: [Ada <ada@example.com>, grace@example.com]
      subject: Orders of today
      text: The orders are in the file.
      attachments: [{ path: orders.csv }]
`,
    files: { "orders.csv": "id,total\n1,340.50\n" },
    outputs: { send: { accepted: ["ada@example.com", "grace@example.com"], rejected: [] } },
    isPart: true,
  },
  {
    title: "Whom to write to, and what, from data",
    flow: `id: welcome
nodes:
  - id: words
    type: edit-fields
    parameters: { escape: false, values: { text: "Welcome, {{name}}!" } }
  - id: send
    type: email
    parameters:
      host: smtp.example.com
      from: hello@example.com
      to: ["\u0024{{ data.address }}"]
      subject: Welcome
      text: "\u0024{{ data.text }}"
edges:
  - { source: words, target: send }
`,
    input: { data: { name: "Ada", address: "ada@example.com" } },
    outputs: { send: { accepted: ["ada@example.com"] } },
    isPart: true,
  },
];
