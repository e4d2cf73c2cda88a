/** What must not compile in node types and flows. Above each line stands the code of the error that it is to give. */
import { createConductor, defineNode, flow } from "@atomiton/conductor";
import { z } from "zod";

const ship = defineNode({
  type: "ship",
  parameters: z.object({ by: z.enum(["truck", "ship"]), weight: z.number().optional() }),
  inputs: { order: z.object({ id: z.string() }), note: z.string().optional() },
  outputs: ["sent", "kept"],
  execute: ({ inputs }) => inputs.order.id,
});
const any = defineNode({ type: "any", execute: () => 1 });
const begun = flow("f").node("a", any).node("s", ship, { by: "truck" });

// TS2345: an edge from a node that does not exist
begun.edge("b", "s");
// TS2345: an edge to a node that does not exist
begun.edge("a", "t");
// TS2345: a handle that the source does not have
begun.edge(["s", "lost"], "a");
// TS2345: a handle that the target does not have
begun.edge("a", ["s", "parcel"]);
// TS2322: a parameter of another type
begun.node("x", ship, { by: "truck", weight: "heavy" });
// TS2820: a word that is not allowed, close to one that is
begun.node("x", ship, { by: "trucks" });
// TS2561: a parameter that there is not, close to one
begun.node("x", ship, { by: "truck", wieght: 1 });
// TS2554: no parameters where some are required
begun.node("x", ship);
// TS2345: an id that is there already
begun.node("a", any);
// TS2345: no such type in the library
begun.node("x", "spreadshet");
// TS2322: no such operation
begun.node("x", "transform", { operation: "paint" });
// TS2353: a policy that there is not
begun.node("x", any, {}, { policy: { retrys: 3 } });
// TS2345: a handle of a condition is true or false
begun.node("c", "condition", { expression: "1" }).edge(["c", "yes"], "a");
// TS2345: a node of another scope
begun.group("g", (group) => group.node("inner", any).edge("inner", "a"));
// TS2322: a loop over text
begun.loop("l", { array: "abc" }, (loop) => loop.node("inner", any));
// TS2353: a loop with a parameter that there is not
begun.loop("l", { times: 3 }, (loop) => loop.node("inner", any));
// TS2322: a catch that is no node of the try
begun.try("t", { catch: "resuce" }, (body) => body.node("a", any).node("rescue", any));

// TS2339: a parameter that the schema does not have
defineNode({ type: "x", parameters: z.object({ a: z.string() }), execute: ({ parameters }) => parameters.b });
// TS2339: an input that is not declared
defineNode({ type: "x", inputs: { a: z.string() }, execute: ({ inputs }) => inputs.b });
// TS2322: no such type of JSON Schema
defineNode({ type: "x", parameters: { type: "text" }, execute: () => 1 });
// TS2322: no such part of the world
defineNode({ type: "x", touches: ["magic"], execute: () => 1 });
// TS2322: no such effects
defineNode({ type: "x", effects: "magic", execute: () => 1 });
// TS2322: effects that depend on parameters, and that there are not
defineNode({ type: "x", effects: () => "magic", execute: () => 1 });
// TS2345: a node type that does nothing
defineNode({ type: "x" });
// TS2322: a node type that was not defined
createConductor({ nodes: [{ type: "x", execute: () => 1 }] });

const conductor = createConductor();
export const { data } = await conductor.flow.run(begun.edge("a", "s").build());
// TS2339: text is no list
export const first = data?.push(1);
