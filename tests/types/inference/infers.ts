/** What the compiler works out of node types and flows by itself: one statement for each sample. */
import {
  createConductor,
  type DefinedNode,
  defineNode,
  type ExecutionResult,
  flow,
  type NodeDefinition,
  type NodeExecutable,
  type NodeLog,
} from "@atomiton/conductor";
import { defineNode as defineNodeOfNodes, type NodeExecutable as ExecutableOfNodes } from "@atomiton/nodes";
import { z } from "zod";

import type { Fits, Holds, Same } from "../names/check.js";

const conductor = createConductor();
type OutputOf<Node> = Node extends { execute(params: never): Promise<infer Output> } ? Output : never;

const zod = defineNode({
  type: "zod",
  title: "Zod",
  parameters: z.object({
    text: z.string(),
    count: z.number().default(1),
    mark: z.enum(["!", "?"]).optional(),
    when: z.string().transform((text) => new Date(text)),
    list: z.array(z.object({ id: z.int() })),
  }),
  inputs: { rows: z.array(z.object({ n: z.number() })), note: z.string().optional() },
  outputs: ["large", "small"],
  touches: ["network"],
  effects: "reads",
  execute: ({ parameters, inputs, ...call }) => ({ parameters, inputs, call }),
});
type Zod = OutputOf<typeof zod>;

const json = defineNode({
  type: "json",
  parameters: {
    type: "object",
    required: ["path", "mode"],
    properties: {
      path: { type: "string" },
      mode: { enum: ["read", "write"] },
      limit: { type: "integer", default: 10 },
      wait: { type: "number", "x-duration": true },
      tags: { type: "array", items: { type: "string" } },
      size: { type: ["number", "null"] },
      either: { anyOf: [{ type: "string" }, { type: "boolean" }] },
      version: { const: 2 },
      inner: { type: "object", required: ["a"], properties: { a: { type: "number" }, b: { type: "string" } } },
      anything: {},
      bag: { type: "object" },
    },
  },
  inputs: { n: { type: "number" } },
  effects: ({ mode }, input) => (mode === "read" && input === undefined ? "reads" : "writes"),
  execute: ({ parameters, inputs }) => ({ parameters, inputs }),
});
type Json = OutputOf<typeof json>;

const bare = defineNode({ type: "bare", execute: ({ parameters, inputs, input }) => ({ parameters, inputs, input }) });
type Bare = OutputOf<typeof bare>;
const later = defineNode({ type: "later", execute: async ({ attempt }) => attempt });
const either = defineNode({ type: "either", execute: ({ attempt }) => (attempt > 1 ? "again" : 0) });
const nothing = defineNode({ type: "nothing", execute: () => {} });

const single = flow("single").node("a", later).build();
const chain = flow("chain").node("a", zod, { text: "", when: "", list: [] }).node("b", later).edge("a", "b").build();
const backwards = flow("backwards").node("b", later).node("a", nothing).edge("a", "b").build();
const two = flow("two").node("a", later).node("b", either).build();
const grouped = flow("grouped")
  .group("inner", (group) => group.node("a", later))
  .build();
const looped = flow("looped")
  .loop("each", { array: [1] }, (loop) => loop.node("a", either))
  .build();
const tried = flow("tried")
  .try("t", { catch: "rescue", finally: "last" }, (body) =>
    body.node("a", nothing).node("b", either).node("rescue", later).node("last", nothing).edge("a", "b"),
  )
  .build();
const nested = flow("nested")
  .loop("outer", { count: 3 }, (outer) => outer.loop("inner", { count: 2 }, (inner) => inner.node("a", later)))
  .build();
const ofLibrary = flow("library")
  .node("read", "spreadsheet", { path: "a.csv" })
  .node("check", "condition", { expression: "true" }, { policy: { retries: 3, retryDelay: "1s" } })
  .edge(["read", "records"], ["check", "data"])
  .build();
export const expressions = flow("expressions")
  .node("a", zod, { text: "${{ input.text }}", count: "${{ 1 + 1 }}", when: "", list: [{ id: "${{ item.id }}" }] })
  .node("b", "http-request", { url: "https://${{ env.HOST }}/", timeout: "10s" })
  .edge(["a", "large"], ["b", "body"])
  .edge(["a", "error"], "b")
  .build();

const runs = {
  single: conductor.flow.run(single),
  chain: conductor.flow.run(chain),
  backwards: conductor.flow.run(backwards),
  two: conductor.flow.run(two),
  grouped: conductor.flow.run(grouped),
  looped: conductor.flow.run(looped),
  tried: conductor.flow.run(tried),
  nested: conductor.node.run(nested),
  library: conductor.flow.run(ofLibrary),
};
type DataOf<Run extends keyof typeof runs> = NonNullable<Awaited<(typeof runs)[Run]>["data"]>;
declare const plain: NodeDefinition;
const asked = conductor.flow.run<{ total: number }>(plain);
const askedNode = conductor.node.run<string>(plain, { slowMo: 1 });
const unasked = conductor.node.run(plain);

export type Samples = [
  // Parameters of zod, as parsed.
  Holds<Same<Zod["parameters"]["text"], string>>,
  Holds<Same<Zod["parameters"]["count"], number>>,
  Holds<Same<Zod["parameters"]["mark"], "!" | "?" | undefined>>,
  Holds<Same<Zod["parameters"]["when"], Date>>,
  Holds<Same<Zod["parameters"]["list"], { id: number }[]>>,
  // Inputs by handle.
  Holds<Same<keyof Zod["inputs"], "rows" | "note">>,
  Holds<Same<Zod["inputs"]["rows"], { n: number }[]>>,
  Holds<Same<Zod["inputs"]["note"], string | undefined>>,
  // What else a call has.
  Holds<Same<Zod["call"]["signal"], AbortSignal>>,
  Holds<Same<Zod["call"]["attempt"], number>>,
  Holds<Same<Zod["call"]["progress"], (percent: number, message?: string) => void>>,
  Holds<Same<Zod["call"]["warn"], (rule: string, message: string) => void>>,
  Holds<Same<Zod["call"]["log"], NodeLog>>,
  Holds<Same<Zod["call"]["variables"], Record<string, unknown>>>,
  // Parameters of JSON Schema.
  Holds<Same<Json["parameters"]["path"], string>>,
  Holds<Same<Json["parameters"]["mode"], "read" | "write">>,
  Holds<Same<Json["parameters"]["limit"], number>>,
  Holds<Same<Json["parameters"]["wait"], number | undefined>>,
  Holds<Same<Json["parameters"]["tags"], string[] | undefined>>,
  Holds<Same<Json["parameters"]["size"], number | null | undefined>>,
  Holds<Same<Json["parameters"]["either"], string | boolean | undefined>>,
  Holds<Same<Json["parameters"]["version"], 2 | undefined>>,
  Holds<Same<NonNullable<Json["parameters"]["inner"]>["a"], number>>,
  Holds<Same<NonNullable<Json["parameters"]["inner"]>["b"], string | undefined>>,
  Holds<Same<Json["parameters"]["anything"], unknown>>,
  Holds<Same<Json["parameters"]["bag"], Record<string, unknown> | undefined>>,
  Holds<Same<Json["inputs"]["n"], number>>,
  // Without schemas.
  Holds<Same<Bare["parameters"], Record<string, unknown>>>,
  Holds<Same<Bare["inputs"], Record<string, unknown>>>,
  Holds<Same<Bare["input"], unknown>>,
  // Outputs, and what a definition is.
  Holds<Same<OutputOf<typeof later>, number>>,
  Holds<Same<OutputOf<typeof either>, "again" | 0>>,
  Holds<Same<OutputOf<typeof nothing>, void>>,
  Holds<Same<(typeof zod)["type"], "zod">>,
  Holds<Fits<typeof zod, DefinedNode>>,
  Holds<Fits<typeof json, NodeExecutable>>,
  Holds<Same<NodeExecutable, ExecutableOfNodes>>,
  Holds<Same<typeof defineNode, typeof defineNodeOfNodes>>,
  // Flows.
  Holds<Same<DataOf<"single">, number>>,
  Holds<Same<DataOf<"chain">, number>>,
  Holds<Same<DataOf<"backwards">, number>>,
  Holds<Same<DataOf<"two">, number | "again">>,
  Holds<Same<DataOf<"grouped">, number>>,
  Holds<Same<DataOf<"looped">["results"], ("again" | 0)[]>>,
  Holds<Same<DataOf<"tried">, number | "again">>,
  Holds<Same<DataOf<"nested">["results"][number]["results"], number[]>>,
  Holds<Same<DataOf<"library">["value"], unknown>>,
  Holds<Fits<typeof ofLibrary, NodeDefinition>>,
  Holds<Same<Awaited<typeof asked>, ExecutionResult<{ total: number }>>>,
  Holds<Same<Awaited<typeof askedNode>, ExecutionResult<string>>>,
  Holds<Same<Awaited<typeof unasked>, ExecutionResult>>,
];

/** Stand-ins of tests, with and without parameters. */
export const standIns: (typeof conductor.flow.run)[] = [
  async () => ({ success: true, data: 1 }),
  async (node, context) => ({ success: node.id === context?.executionId }),
];
/** Node types as a conductor takes them. */
export const own = createConductor({ nodes: [zod, json, bare, later] });
