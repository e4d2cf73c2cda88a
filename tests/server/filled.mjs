/** What a server has before it is attacked. */

/** Flows and executions that requests can be about. */
export async function fill({ url, keys }) {
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${keys.admin}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/api${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
  };
  const first = { id: "first", type: "edit-fields", parameters: { values: { text: "${{ variables.text }}" } } };
  const second = { id: "second", type: "transform", parameters: { code: "return input.default.text.toUpperCase()" } };
  const edge = [{ source: "first", target: "second" }];
  await call("PUT", "/flows/orders", { nodes: [first, second], edges: edge, metadata: { tool: true } });
  const probe = { id: "say", type: "edit-fields", parameters: { values: { text: "All is well" } } };
  await call("PUT", "/flows/probe", { nodes: [probe], metadata: { tool: true } });
  const hook = { id: "in", type: "webhook", parameters: { path: "in", authentication: "none" } };
  const times = { id: "times", type: "schedule", parameters: { cron: "0 0 1 1 *" } };
  await call("PUT", "/flows/hook", { nodes: [hook, times, second], edges: [{ source: "in", target: "second" }] });
  const ask = { id: "first", type: "wait-for-input", parameters: { message: "May it go on?" } };
  await call("PUT", "/flows/ask", { nodes: [ask] });
  await call("POST", "/flows/orders/run", { variables: { text: "a" }, context: { executionId: "done" } });
  await call("POST", "/flows/orders/run", { context: { executionId: "failed" } });
  await call("POST", "/flows/ask/run?wait=1ms", { context: { executionId: "waiting" } });
}
