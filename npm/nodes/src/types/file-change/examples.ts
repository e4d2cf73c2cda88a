import type { NodeExample } from "../../definition/example.js";

export const fileChangeExamples: readonly NodeExample[] = [
  {
    title: "Each new CSV of a folder",
    flow: `id: inbox
nodes:
  - id: arrived
    type: file-change
    parameters: { path: inbox, pattern: "*.csv", events: [created] }
  - id: note
    type: edit-fields
    parameters: { keepOnlySet: true, values: { note: "{{name}} has {{size}} bytes" } }
edges:
  - { source: arrived, target: note }
`,
    input: {
      trigger: { node: "arrived", type: "file-change", key: "orders.csv 2026-03-02T08:00:00.000Z 120" },
      data: {
        path: "/data/inbox/orders.csv",
        name: "orders.csv",
        event: "created",
        size: 120,
        modifiedAt: "2026-03-02T08:00:00.000Z",
      },
    },
    outputs: {
      arrived: { name: "orders.csv", event: "created", size: 120 },
      note: { result: { note: "orders.csv has 120 bytes" } },
    },
    isPart: true,
  },
  {
    title: "What is deleted from a folder of pictures, tried by hand",
    flow: `id: gallery
nodes:
  - id: gone
    type: file-change
    parameters: { path: gallery, pattern: "**/*.{jpg,png}", events: [deleted] }
  - id: note
    type: edit-fields
    parameters: { keepOnlySet: true, values: { note: "{{name}} was {{event}}" } }
edges:
  - { source: gone, target: note }
`,
    input: { name: "2025/sunset.jpg", event: "deleted" },
    outputs: {
      gone: { path: "gallery", name: "2025/sunset.jpg", event: "deleted" },
      note: { result: { note: "2025/sunset.jpg was deleted" } },
    },
    isPart: true,
  },
];
