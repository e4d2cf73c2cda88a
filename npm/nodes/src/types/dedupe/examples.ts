import type { NodeExample } from "../../definition/example.js";

const EARLY = { email: "ada@example.com", visits: 1 };
const OTHER = { email: "grace@example.com", visits: 4 };
const LATE = { email: "ada@example.com", visits: 2 };

export const dedupeExamples: readonly NodeExample[] = [
  {
    title: "The latest row of each address",
    flow: `id: latest-visits
nodes:
  - id: latest
    type: dedupe
    parameters: { keys: [email], keep: last }
`,
    input: { data: [EARLY, OTHER, LATE] },
    outputs: { latest: { result: [OTHER, LATE], duplicates: [EARLY], count: 2, removed: 1 } },
  },
  {
    title: "Rows that are the same in all fields",
    flow: `id: without-repetitions
nodes:
  - id: once
    type: dedupe
`,
    input: { data: [EARLY, OTHER, { visits: 1, email: "ada@example.com" }] },
    outputs: { once: { result: [EARLY, OTHER], count: 2, removed: 1 } },
    isPart: true,
  },
];
