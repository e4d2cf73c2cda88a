import type { NodeExample } from "../../definition/example.js";

const GREETING = `id: greeting
variables: { words: { type: string, defaultValue: Hello } }
nodes:
  - id: greet
    type: edit-fields
    parameters: { keepOnlySet: true, values: { text: "\${{ variables.words }} \${{ data.name }}" } }
`;

export const subFlowExamples: readonly NodeExample[] = [
  {
    title: "A flow of another file",
    flow: `id: welcome
nodes:
  - id: greet
    type: sub-flow
    parameters: { flow: flows/greeting.flow.yaml }
`,
    files: { "flows/greeting.flow.yaml": GREETING },
    input: { data: { name: "Ada" } },
    outputs: { greet: { result: { result: { text: "Hello Ada" } } } },
  },
  {
    title: "With inputs and variables, for each item",
    flow: `id: welcomes
nodes:
  - id: all
    type: loop
    nodes:
      - id: greet
        type: sub-flow
        parameters: { flow: flows/greeting.flow.yaml, inputs: { data: "\${{ item }}" }, variables: { words: Good morning } }
`,
    files: { "flows/greeting.flow.yaml": GREETING },
    input: { data: [{ name: "Ada" }, { name: "Grace" }] },
    outputs: {
      all: {
        results: [
          { result: { result: { text: "Good morning Ada" } } },
          { result: { result: { text: "Good morning Grace" } } },
        ],
      },
    },
    isPart: true,
  },
];
