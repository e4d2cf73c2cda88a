import type { NodeExample } from "../../definition/example.js";

export const loopExamples: readonly NodeExample[] = [
  {
    title: "Each item of a list",
    flow: `id: greetings
nodes:
  - id: each
    type: loop
    nodes:
      - id: greet
        type: edit-fields
        parameters: { keepOnlySet: true, values: { text: "Hello \${{ item.name }}" } }
`,
    input: { data: [{ name: "Ada" }, { name: "Grace" }] },
    outputs: { each: { results: [{ result: { text: "Hello Ada" } }, { result: { text: "Hello Grace" } }] } },
    isPart: true,
  },
  {
    title: "A number of times, two rounds at once",
    flow: `id: three-times
nodes:
  - id: rounds
    type: loop
    parameters: { loopType: times, count: 3, concurrency: 2 }
    nodes:
      - id: square
        type: code
        parameters: { code: "return index * index" }
`,
    outputs: { rounds: { results: [{ result: 0 }, { result: 1 }, { result: 4 }] } },
    isPart: true,
  },
  {
    title: "As long as the last round gave something large enough",
    flow: `id: halved
nodes:
  - id: rounds
    type: loop
    parameters: { loopType: while, condition: iteration === 0 || lastResult.size > data }
    nodes:
      - id: half
        type: code
        parameters: { code: "return { size: 8 / 2 ** index }" }
`,
    input: { data: 3 },
    outputs: {
      rounds: { results: [{ result: { size: 8 } }, { result: { size: 4 } }, { result: { size: 2 } }] },
    },
    isPart: true,
  },
];
