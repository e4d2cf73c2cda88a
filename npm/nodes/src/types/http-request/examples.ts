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
];
