import type { NodeExample } from "../../definition/example.js";

export const untilExamples: readonly NodeExample[] = [
  {
    title: "Ask again until an answer is there",
    flow: `id: awaited
nodes:
  - id: ready
    type: until
    parameters: { condition: result.state === "done", interval: 20ms }
    nodes:
      - id: look
        type: code
        parameters: { code: "return { state: index < 2 ? 'working' : 'done', asked: index + 1 }" }
`,
    outputs: { ready: { result: { state: "done", asked: 3 } } },
    isPart: true,
  },
  {
    title: "As often as a variable says, and with what came in",
    flow: `id: rolled
variables: { throws: { type: number, defaultValue: 2 } }
nodes:
  - id: roll
    type: until
    parameters: { condition: iteration + 1 === variables.throws, interval: 0 }
    nodes:
      - { id: die, type: edit-fields, parameters: { values: { sides: 6 } } }
`,
    input: { data: { player: "Ada" } },
    outputs: { roll: { result: { player: "Ada", sides: 6 } } },
    isPart: true,
  },
];
