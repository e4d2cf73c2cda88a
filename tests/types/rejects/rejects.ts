/** What must not compile. Above each line stands the code of the error that it is to give. */
import {
  conductor,
  createConductor,
  createExecutionError,
  createExecutionId,
  createHTTPTransport,
  type ExecutionResult,
  type NodeDefinition,
  type NodeId,
  StateManager,
} from "@atomiton/conductor";
// TS2305: a name that there is not
import { createTelegraph } from "@atomiton/conductor";
// TS2307: what is inside the package
import { Runs } from "@atomiton/conductor/dist/api/runs.js";
import { createEventManager } from "@atomiton/events";
import { createStorage } from "@atomiton/storage";

declare const node: NodeDefinition;

// TS2322: no transport of this name
createConductor({ transport: "pigeon" });
// TS2322: a number as text
createConductor({ concurrency: "8" });
// TS2561: a setting with a letter missing
createConductor({ concurency: 8 });
// TS2345: a name of another list
conductor.configureTransport("rpc");
// TS2345: an HTTP transport without an address
createHTTPTransport({ headers: {} });

// TS2769: neither a flow's id nor a node
conductor.execute({ inputs: { data: "test" } });
// TS2769: a flow named by a number
conductor.execute({ flowId: 7 });
// TS2769: a node without a type
conductor.node.run({ id: "node-1" });
// TS2769: a pace as text
conductor.node.run(node, { slowMo: "slow" });
// TS2769: no such simulation
conductor.node.run(node, { debug: { simulateError: { nodeId: "random", errorType: "flood" } } });
// TS2322: no such order
conductor.storage.listFlows({ sortBy: "size" });

export const request = await conductor.execute({ flowId: "my-workflow" });
// TS2339: the error of a request is its message
export const requestCode = request.error?.code;
// TS18048: a request that succeeded has no outputs to rely on
export const output = request.outputs["node-1"];

export const result = await conductor.node.run(node);
// TS18048: whether it failed is not known yet
export const code = result.error.code;
// TS18046: what a node gives is for the program to check
export const length = result.data.length;
// TS2339: the name that a request has
export const metadata = result.metadata;
if (!result.success) {
  switch (result.error?.code) {
    // TS2678: no such code
    case "NO_SUCH_CODE":
  }
}
// TS2741: whether it succeeded is not said
export const silent: ExecutionResult = { data: 1 };

// TS2345: no such code
createExecutionError("OOPS", "Something happened");
// TS2375: the id of an execution is none of a node
export const nodeId: NodeId = createExecutionId();
// TS2345: no such status
new StateManager().updateNodeState("execution-1", "node-1", "sleeping");

export const health = await conductor.system.health();
// TS2367: no such status
export const isFine = health.status === "fine";
// TS2551: an event that nobody sends
conductor.node.onProgres(() => {});
// TS2339: of another event
conductor.node.onError((event) => event.result);

// TS2322: no such storage
createStorage({ type: "cloud" });

const bus = createEventManager().createBus<{ execute: { data: { compositeId: string }; answer: number } }>("jobs");
// TS2322: a number where text belongs
bus.emit("execute", { compositeId: 1 });
// TS2345: no such event
bus.on("executed", () => {});
// TS2322: an answer of another type
export const answered: string | undefined = await bus.emit("execute", { compositeId: "a" });
