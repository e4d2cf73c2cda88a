/** Flows made to show something. They are plain data, as an editor would make it. */
import type { FlowDefinition, NodeDefinition } from "@atomiton/conductor/slim";

const lookup = (id: string, name: string, durationMs: number, answer: unknown): NodeDefinition => ({
  id,
  name,
  type: "lookup",
  parameters: { durationMs, answer },
});

const briefing: FlowDefinition = {
  id: "morning-briefing",
  type: "group",
  name: "Morning briefing",
  description: "Three slow look-ups side by side, put together to one text.",
  nodes: [
    { id: "reader", name: "Who reads it", type: "edit-fields", parameters: { values: { city: "Lisbon" } } },
    lookup("weather", "Weather", 1200, { weather: "sunny, 21 °C" }),
    lookup("calendar", "Calendar", 800, { meetings: 3 }),
    lookup("news", "News", 2400, { headline: "Tram 28 runs again" }),
    {
      id: "briefing",
      name: "Briefing",
      type: "edit-fields",
      parameters: {
        keepOnlySet: true,
        escape: false,
        values: {
          text: "Today: {{weather.weather}}, {{calendar.meetings}} meetings. {{news.headline}}.",
        },
      },
    },
  ],
  edges: [
    { source: "reader", target: "weather" },
    { source: "reader", target: "calendar" },
    { source: "reader", target: "news" },
    { source: "weather", target: "briefing", targetHandle: "weather" },
    { source: "calendar", target: "briefing", targetHandle: "calendar" },
    { source: "news", target: "briefing", targetHandle: "news" },
  ],
};

const orders: FlowDefinition = {
  id: "order-totals",
  type: "group",
  name: "Order totals",
  description: "JavaScript of a user, run in a sandbox, and a condition that leaves one branch out.",
  nodes: [
    {
      id: "paid",
      name: "Paid orders",
      type: "transform",
      parameters: {
        operation: "filter",
        transformFunction: "order => order.paid",
        data: [
          { customer: "Ada", amount: 320, paid: true },
          { customer: "Grace", amount: 780, paid: true },
          { customer: "Alan", amount: 150, paid: false },
        ],
      },
    },
    {
      id: "total",
      name: "Total",
      type: "transform",
      parameters: {
        operation: "reduce",
        reduceInitial: { count: 0, total: 0 },
        transformFunction: "(sum, { amount }) => ({ count: sum.count + 1, total: sum.total + amount })",
      },
    },
    {
      id: "goal",
      name: "Goal reached?",
      type: "condition",
      parameters: { where: [{ field: "total", operator: "gte", value: 1000 }] },
    },
    {
      id: "cheer",
      name: "Cheer",
      type: "edit-fields",
      parameters: { values: { words: "the goal is reached" } },
    },
    {
      id: "remind",
      name: "Remind",
      type: "edit-fields",
      parameters: { values: { words: "more are needed" } },
    },
    {
      id: "message",
      name: "Message",
      type: "edit-fields",
      parameters: {
        keepOnlySet: true,
        values: { text: "{{total}} from {{count}} orders: {{words}}." },
      },
    },
  ],
  edges: [
    { source: "paid", target: "total", targetHandle: "data" },
    { source: "total", target: "goal", targetHandle: "data" },
    { source: "goal", target: "cheer", sourceHandle: "true" },
    { source: "goal", target: "remind", sourceHandle: "false" },
    // Only one of the two brings something: the other one is skipped.
    { source: "cheer", target: "message", targetHandle: "data" },
    { source: "remind", target: "message", targetHandle: "data" },
  ],
};

const busy: FlowDefinition = {
  id: "busy-service",
  type: "group",
  name: "Busy service",
  description: "Fails at first, in a way that trying again can help.",
  nodes: [
    { id: "place", name: "Place", type: "edit-fields", parameters: { values: { city: "Lisbon" } } },
    {
      id: "forecast",
      name: "Forecast",
      type: "busy-service",
      parameters: { refusals: 1, answer: { forecast: "sunny" } },
    },
    {
      id: "report",
      name: "Report",
      type: "edit-fields",
      parameters: { keepOnlySet: true, values: { text: "Tomorrow it will be {{forecast}}." } },
    },
  ],
  edges: [
    { source: "place", target: "forecast" },
    { source: "forecast", target: "report", targetHandle: "data" },
  ],
};

const mistake: FlowDefinition = {
  id: "wrong-parameter",
  type: "group",
  name: "Wrong parameter",
  description: "A mistake in the flow itself: seen before it runs, and of no use to try again.",
  nodes: [
    {
      id: "letters",
      name: "Letters",
      type: "edit-fields",
      parameters: { keepOnlySet: true, values: { result: ["a", "b", "c"] } },
    },
    { id: "first", name: "First ones", type: "transform", parameters: { operation: "limit", limitCount: 0 } },
  ],
  edges: [{ source: "letters", target: "first", targetHandle: "data" }],
};

/** In the order in which they are offered. */
export const sampleFlows: readonly FlowDefinition[] = [briefing, orders, busy, mistake];
