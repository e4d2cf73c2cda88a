import type { NodeExample } from "../../definition/example.js";

const GOOD = { id: 1, email: "ada@example.com" };
const BAD = { id: "2" };

const SCHEMA = `type: object
        required: [id, email]
        properties:
          id: { type: integer }
          email: { type: string, format: email }`;

const BAD_ROW = {
  row: BAD,
  index: 1,
  problems: [
    { path: "id", message: '`id` must be a number, found "2"' },
    { path: "email", message: "`email` is missing; it must be text" },
  ],
};

export const validateExamples: readonly NodeExample[] = [
  {
    title: "Good rows go on",
    flow: `id: check-users
nodes:
  - id: check
    type: validate
    parameters:
      schema:
        ${SCHEMA}
  - id: newest
    type: sample
    parameters: { method: last, count: 1 }
  - id: first-bad
    type: sample
    parameters: { method: first, count: 1 }
edges:
  - { source: check, sourceHandle: valid, target: newest }
  - { source: check, sourceHandle: invalid, target: first-bad }
`,
    input: { data: [GOOD, BAD] },
    outputs: {
      check: {
        valid: [GOOD],
        invalid: [BAD_ROW],
        validCount: 1,
        invalidCount: 1,
      },
      newest: { result: [GOOD] },
      "first-bad": { result: [BAD_ROW] },
    },
    isPart: true,
  },
  {
    title: "Text alone, and not for too long",
    flow: `id: check-names
nodes:
  - id: names
    type: validate
    parameters:
      schema: { type: string, minLength: 1, maxLength: 5 }
      onInvalid: fail
`,
    input: { data: ["Ada", "Grace"] },
    outputs: {
      names: { result: ["Ada", "Grace"], valid: ["Ada", "Grace"], invalid: [], validCount: 2, invalidCount: 0 },
    },
  },
];
