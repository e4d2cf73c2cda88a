import type { NodeExample } from "../../definition/example.js";

export const waitForInputExamples: readonly NodeExample[] = [
  {
    title: "An invoice that a person approves",
    flow: `id: payment
nodes:
  - id: approval
    type: wait-for-input
    parameters:
      message: Pay invoice \${{ data.number }} of \${{ data.total }} €?
      form:
        type: object
        required: [approved]
        properties:
          approved: { type: boolean, title: Pay it }
          note: { type: string, maxLength: 500 }
`,
    input: { data: { number: "2026-117", total: 129.5 } },
    answers: { approval: { approved: true, note: "as ordered" } },
    outputs: { approval: { result: { approved: true, note: "as ordered" }, answered: true } },
  },
  {
    title: "Go on with a default where nothing comes",
    flow: `id: reminder
nodes:
  - id: choice
    type: wait-for-input
    parameters: { message: "Which format?", form: { enum: [csv, xlsx] }, waitFor: 50ms, default: csv }
`,
    outputs: { choice: { result: "csv", answered: false } },
  },
];
