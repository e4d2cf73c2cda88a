/** A flow of about fifty steps with most of what a flow can have, and the flow that it runs as one of them. */

const leaf = (id, type, parameters = {}, more = {}) => ({ id, type, parameters, ...more });

/** Nodes one after the other. */
const line = (...nodes) => ({
  nodes,
  edges: nodes.slice(1).map(({ id }, at) => ({ id: `${nodes[at].id}-${id}`, source: nodes[at].id, target: id })),
});

/** The flow that is run as a step. */
export const PART = { id: "part", type: "group", ...line(leaf("look", "read"), leaf("ship", "pay")) };

/** Id of the execution that is broken at every point. */
export const EXECUTION = "order-1";

/** The flow. Each `pay` waits for the disk, so that a break can come before and after each of them. */
export function orderFlow() {
  const steps = [leaf("first", "read"), leaf("deposit", "pay"), leaf("count", "counts")];
  for (let at = 0; at < 6; at++)
    steps.push(leaf(`pure${at}`, "pure"), leaf(`see${at}`, "read"), leaf(`pay${at}`, "pay"));
  steps.push(
    leaf("retried", "flaky", { times: 2 }, { policy: { retries: 3, retryDelay: 1 } }),
    {
      id: "loop",
      policy: { timeout: "20m" },
      type: "loop",
      parameters: { loopType: "times", count: 4 },
      ...line(leaf("rate", "read"), leaf("buy", "pay")),
    },
    {
      id: "again",
      type: "group",
      policy: { retries: 2, retryDelay: 1 },
      ...line(leaf("price", "read"), leaf("book", "firstRoundFails")),
    },
    {
      id: "try",
      type: "try",
      parameters: { catch: "rescue", finally: "tidy" },
      nodes: [leaf("fails", "flaky", { times: 1_000 }), leaf("rescue", "pay"), leaf("tidy", "pay")],
    },
    {
      id: "sides",
      type: "parallel",
      parameters: { mode: "all" },
      nodes: [leaf("left", "pay"), leaf("middle", "read"), leaf("right", "pay")],
    },
    {
      id: "outer",
      type: "group",
      nodes: [{ id: "inner", type: "group", ...line(leaf("deep", "read"), leaf("end", "pay")) }],
    },
    leaf("large", "large"),
    leaf("sub", "sub-flow", { flow: PART.id, variables: {} }),
    leaf("count2", "counts"),
    leaf("broken", "flaky", { times: 1_000 }),
  );
  const flow = { id: "order", type: "group", ...line(...steps) };
  const add = (node, source, sourceHandle) => {
    flow.nodes.push(node);
    flow.edges.push({ id: `${source}-${node.id}`, source, target: node.id, ...(sourceHandle && { sourceHandle }) });
  };
  add(leaf("alarm", "pay"), "broken", "error");
  add(leaf("choose", "condition", { expression: "true" }), "alarm");
  add(leaf("yes", "pay"), "choose", "true");
  add(leaf("no", "pay"), "choose", "false");
  for (let at = 6; at < 9; at++) add(leaf(`pure${at}`, "pure"), at === 6 ? "yes" : `pure${at - 1}`);
  return flow;
}
