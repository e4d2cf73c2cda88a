import type { NodeExample } from "../../definition/example.js";

const PEN = { id: 1, name: "pen", price: 2 };
const DESK = { id: 2, name: "desk", price: 120 };
const DEARER = { id: 1, name: "pen", price: 3 };
const LAMP = { id: 3, name: "lamp", price: 40 };

export const diffExamples: readonly NodeExample[] = [
  {
    title: "What changed in a price list",
    flow: `id: price-changes
nodes:
  - id: changes
    type: diff
    parameters: { keys: [id] }
`,
    input: { before: [PEN, DESK], after: [DEARER, LAMP] },
    outputs: {
      changes: {
        added: [LAMP],
        removed: [DESK],
        changed: [{ key: { id: 1 }, before: PEN, after: DEARER, changes: { price: { before: 2, after: 3 } } }],
        unchanged: 0,
      },
    },
    isPart: true,
  },
  {
    title: "Only some fields",
    flow: `id: renamed
nodes:
  - id: renamed
    type: diff
    parameters: { keys: [id], fields: [name] }
`,
    input: { before: [PEN], after: [DEARER] },
    outputs: {
      renamed: {
        result: { added: [], removed: [], changed: [], unchanged: 1 },
        added: [],
        removed: [],
        changed: [],
        unchanged: 1,
      },
    },
  },
];
