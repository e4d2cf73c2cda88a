import type { NodeExample } from "../../definition/example.js";

export const scheduleExamples: readonly NodeExample[] = [
  {
    title: "Every working day at nine in Berlin",
    flow: `id: good-morning
nodes:
  - id: nine
    type: schedule
    parameters: { cron: "0 9 * * 1-5", timezone: Europe/Berlin }
  - id: greet
    type: edit-fields
    parameters: { keepOnlySet: true, values: { greeting: "Good morning, it is {{time}}" } }
edges:
  - { source: nine, target: greet }
`,
    // As the schedule itself begins the flow.
    input: {
      trigger: { node: "nine", type: "schedule", key: "2026-03-02T08:00:00.000Z" },
      data: { time: "2026-03-02T08:00:00.000Z", missed: false, backfill: false },
    },
    outputs: {
      nine: { time: "2026-03-02T08:00:00.000Z", missed: false, backfill: false },
      greet: { result: { greeting: "Good morning, it is 2026-03-02T08:00:00.000Z" } },
    },
    isPart: true,
  },
  {
    title: "Two schedules of one flow: only what follows the one that fired runs",
    flow: `id: reports
nodes:
  - { id: daily, type: schedule, parameters: { cron: "0 6 * * *" } }
  - { id: weekly, type: schedule, parameters: { cron: "0 7 * * 1" } }
  - { id: short, type: edit-fields, parameters: { keepOnlySet: true, values: { report: short } } }
  - { id: long, type: edit-fields, parameters: { keepOnlySet: true, values: { report: long } } }
edges:
  - { source: daily, target: short }
  - { source: weekly, target: long }
`,
    input: {
      trigger: { node: "weekly", type: "schedule", key: "2026-03-02T07:00:00.000Z" },
      data: { time: "2026-03-02T07:00:00.000Z", missed: true, backfill: false },
    },
    outputs: {
      weekly: { time: "2026-03-02T07:00:00.000Z", missed: true, backfill: false },
      long: { result: { report: "long" } },
    },
    isPart: true,
  },
];
