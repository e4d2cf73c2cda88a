import type { NodeExample } from "../../definition/example.js";

export const delayExamples: readonly NodeExample[] = [
  {
    title: "A moment between two steps",
    flow: `id: gently
nodes:
  - id: pause
    type: delay
    parameters: { duration: 20ms }
  - id: greet
    type: edit-fields
    parameters: { values: { greeting: "Hello {{name}}" } }
edges:
  - { source: pause, target: greet }
`,
    input: { data: { name: "Ada" } },
    outputs: {
      pause: { result: { name: "Ada" }, waited: 20 },
      greet: { result: { name: "Ada", greeting: "Hello Ada" } },
    },
  },
  {
    title: "Not before a moment",
    flow: `id: not-before
nodes:
  - id: embargo
    type: delay
    parameters: { until: "2020-01-01T09:00:00+01:00" }
`,
    input: { data: "news" },
    outputs: { embargo: { result: "news", waited: 0 } },
  },
];
