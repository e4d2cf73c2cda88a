import type { NodeExample } from "../../definition/example.js";

export const flowEndExamples: readonly NodeExample[] = [
  {
    title: "An alert when the nightly import fails",
    flow: `id: import-alert
nodes:
  - id: failed
    type: flow-end
    parameters: { flows: [nightly-import], outcomes: [failed] }
  - id: text
    type: edit-fields
    parameters: { keepOnlySet: true, values: { text: "{{name}} failed: {{error.message}}" } }
edges:
  - { source: failed, target: text }
`,
    input: {
      trigger: { node: "failed", type: "flow-end", key: "run-1" },
      data: {
        flowId: "nightly-import",
        name: "Nightly import",
        executionId: "run-1",
        outcome: "failed",
        error: { code: "TIMEOUT", message: "The server did not answer", nodeId: "fetch" },
        startedAt: "2026-03-02T02:00:00.000Z",
        endedAt: "2026-03-02T02:00:30.000Z",
      },
    },
    outputs: { text: { result: { text: "Nightly import failed: The server did not answer" } } },
    isPart: true,
  },
  {
    title: "A backup that has not succeeded for more than a day",
    flow: `id: backup-watch
nodes:
  - id: late
    type: flow-end
    parameters: { flows: [backup], outcomes: [late], lateAfter: 25h }
  - id: text
    type: edit-fields
    parameters: { keepOnlySet: true, values: { text: "{{name}} is {{outcome}}" } }
edges:
  - { source: late, target: text }
`,
    input: {
      trigger: { node: "late", type: "flow-end", key: "late backup 1772438400000" },
      data: {
        flowId: "backup",
        name: "Backup",
        executionId: "",
        outcome: "late",
        error: null,
        startedAt: "",
        endedAt: "2026-03-03T09:00:00.000Z",
      },
    },
    outputs: { text: { result: { text: "Backup is late" } } },
    isPart: true,
  },
];
