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
  {
    title: "What is in a message that came, and the rows of its CSV file",
    flow: `id: read-an-order
nodes:
  - id: mail
    type: email
    parameters: { operation: read, path: order.eml }
  - id: rows
    type: spreadsheet
    parameters: { data: "\u0024{{ nodes.mail.attachments[0].text }}" }
edges:
  - { source: mail, target: rows }
`,
    files: {
      "order.eml":
        "From: Ada <ada@example.com>\nTo: orders@example.com\nSubject: =?utf-8?q?T=C3=A9a?=\nDate: Mon, 4 Mar 2024 10:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello!\n--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=order.csv\n\nitem,price\nTea,3\n--b--\n",
    },
    outputs: {
      mail: { subject: "Téa", from: { name: "Ada", address: "ada@example.com" }, date: "2024-03-04T09:00:00.000Z" },
      rows: { records: [{ item: "Tea", price: "3" }] },
    },
    isPart: true,
  },
];
