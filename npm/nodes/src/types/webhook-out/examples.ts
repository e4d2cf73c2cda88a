import type { NodeExample } from "../../definition/example.js";

export const webhookOutExamples: readonly NodeExample[] = [
  {
    title: "A new user, told to another system",
    flow: `id: tell-of-a-user
nodes:
  - id: user
    type: edit-fields
    parameters: { values: { name: Grace } }
  - id: tell
    type: webhook-out
    policy: { retries: 5, retryDelay: 2s }
    parameters:
      url: https://api.example.com/users
      secret: whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD
edges:
  - { source: user, target: tell }
`,
    outputs: { tell: { result: { id: 2, name: "Grace" }, status: 201 } },
    isPart: true,
  },
  {
    title: "Two secrets while one takes the place of the other",
    flow: `id: tell-with-two-secrets
nodes:
  - id: tell
    type: webhook-out
    parameters:
      url: https://api.example.com/users
      secret: [whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD, the old secret of this system]
      data: { name: Ada }
`,
    outputs: { tell: { result: { id: 2, name: "Ada" }, status: 201 } },
    isPart: true,
  },
];
