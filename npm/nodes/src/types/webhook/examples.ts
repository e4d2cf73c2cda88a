import type { NodeExample } from "../../definition/example.js";

export const webhookExamples: readonly NodeExample[] = [
  {
    title: "Orders that another system sends, answered by the flow",
    flow: `id: order-hook
nodes:
  - id: order
    type: webhook
    parameters: { path: orders, answer: node }
  - id: total
    type: edit-fields
    parameters: { keepOnlySet: true, values: { id: "\${{ data.body.id }}", total: "\${{ data.body.price * data.body.count }}" } }
  - id: answer
    type: respond
    parameters: { status: 201 }
edges:
  - { source: order, target: total }
  - { source: total, target: answer }
`,
    input: {
      trigger: { node: "order", type: "webhook", key: "delivery-1" },
      data: {
        method: "POST",
        path: "orders",
        headers: { "content-type": "application/json" },
        query: {},
        body: { id: "A1", price: 5, count: 3 },
        receivedAt: "2026-03-02T08:00:00.000Z",
        address: "192.0.2.7",
      },
    },
    outputs: {
      total: { result: { id: "A1", total: 15 } },
      answer: { status: 201, body: { id: "A1", total: 15 }, sent: false },
    },
    isPart: true,
  },
  {
    title: "What another system signs, tried by hand: the input is the body",
    flow: `id: push-hook
nodes:
  - id: push
    type: webhook
    parameters:
      path: github/push
      authenticate: signature
      signature: { scheme: github, secret: the-secret-that-github-has-too }
  - id: branch
    type: edit-fields
    parameters: { keepOnlySet: true, values: { branch: "\${{ data.body.ref.replace('refs/heads/', '') }}" } }
edges:
  - { source: push, target: branch }
`,
    input: { ref: "refs/heads/main" },
    outputs: {
      push: { method: "POST", body: { ref: "refs/heads/main" } },
      branch: { result: { branch: "main" } },
    },
    isPart: true,
  },
];
