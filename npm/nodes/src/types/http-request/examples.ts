import type { NodeExample } from "../../definition/example.js";

export const httpRequestExamples: readonly NodeExample[] = [
  {
    title: "JSON from a server, tried again if need be",
    flow: `id: fetch-user
nodes:
  - id: user
    type: http-request
    policy: { retries: 3, retryDelay: 1s, timeout: 30s }
    parameters:
      url: https://api.example.com/users/1
      headers: { accept: application/json }
`,
    outputs: { user: { result: { id: 1, name: "Ada" }, status: 200, ok: true } },
    isPart: true,
  },
  {
    title: "A body that an edge brings",
    flow: `id: create-user
nodes:
  - id: user
    type: edit-fields
    parameters: { values: { name: Grace } }
  - id: create
    type: http-request
    parameters: { method: POST, url: https://api.example.com/users }
edges:
  - { source: user, target: create, targetHandle: body }
`,
    outputs: { create: { result: { id: 2, name: "Grace" }, status: 201 } },
    isPart: true,
  },
  {
    title: "A file from a server",
    flow: `id: fetch-report
nodes:
  - id: report
    type: http-request
    policy: { retries: 3, timeout: 10m }
    parameters:
      url: https://api.example.com/reports/2026.csv
      saveTo: downloads/report.csv
  - id: read
    type: file-system
    parameters: { operation: read, path: downloads/report.csv }
edges:
  - { source: report, target: read }
`,
    outputs: {
      report: { path: "downloads/report.csv", size: 17, contentType: "text/csv", status: 200 },
      read: { result: "name,price\nTea,3\n" },
    },
    isPart: true,
  },
  {
    title: "All pages of a list",
    flow: `id: fetch-orders
nodes:
  - id: orders
    type: http-request
    parameters:
      url: https://api.example.com/orders
      params: { limit: 2 }
      pagination: { type: cursor, items: data, cursor: meta.next, param: after }
`,
    outputs: { orders: { result: [{ id: 1 }, { id: 2 }, { id: 3 }], count: 3, pages: 2, more: false } },
    isPart: true,
  },
];
