import { JOBS } from "../jobs/index.mjs";
import { database } from "../jobs/plain.mjs";
import { requirePeer } from "../peers.mjs";

/**
 * n8n's own executor, without its server: no database, no credentials, no hooks but the empty ones it insists on.
 *
 * A node with several incoming edges becomes a node type with that many inputs, because n8n runs a node once
 * for each edge of a single input.
 */
export const n8nCore = {
  name: "n8n-core",

  refuses({ shape }) {
    return shape === "nested" ? "a sub-workflow needs its database" : undefined;
  },

  prepare(flow, execute) {
    const { nodes, connections, start } = toWorkflow(flow);
    const run = runner({ id: flow.id, name: flow.name, nodes, connections, start }, createNodeTypes(execute));
    return async () => {
      const { error, runData } = await run();
      if (error) throw error;
      const ran = Object.keys(runData).length;
      if (ran !== nodes.length) throw new Error(`n8n-core ran ${ran} of ${nodes.length} nodes`);
    };
  },

  prepareJob({ kind, ...params }) {
    const job = JOBS[kind]({ ...params, ...database(params) });
    const flow = { id: kind, name: kind, ...job };
    const { nodes, connections, start } = toWorkflow(flow);
    // Each step is a type of its own, as each holds code of its own.
    const types = new Map(
      nodes.map((node, at) => {
        const { perform } = job.nodes[at];
        const { type } = node;
        node.type = `${node.id} ${type}`;
        const inputs = new Array(Number(INPUT_COUNT.exec(type)[1])).fill("main");
        return [node.type, { ...describe(node.type, inputs), execute: performing(perform, inputs.length) }];
      }),
    );
    const typeFor = (name) => types.get(name);
    const nodeTypes = { getByName: typeFor, getByNameAndVersion: typeFor, getKnownTypes: () => ({}) };
    const run = runner({ id: kind, name: kind, nodes, connections, start }, nodeTypes);
    return async () => {
      const { error } = await run();
      if ((error !== undefined) !== (kind === "failing")) throw error ?? new Error("the job did not fail");
    };
  },
};

/** As a code node of n8n: its items are `{ json }`. */
function performing(perform, count) {
  return async function () {
    const inputs = Array.from({ length: count }, (_, at) => this.getInputData(at).map(({ json }) => json));
    return [(await perform(inputs)).map((json) => ({ json }))];
  };
}

/** Gives what runs a workflow once and resolves to what n8n says of it. */
function runner({ id, name, nodes, connections, start }, nodeTypes) {
  requirePeer("reflect-metadata");
  const { ExecutionLifecycleHooks, WorkflowExecute } = requirePeer("n8n-core");
  const { Workflow } = requirePeer("n8n-workflow");
  // "trigger" is the leanest mode: "manual" keeps extra data for its editor.
  const mode = "trigger";
  return async () => {
    const workflow = new Workflow({
      id,
      nodes,
      connections,
      nodeTypes,
      active: false,
      settings: { executionOrder: "v1" },
    });
    const hooks = new ExecutionLifecycleHooks(mode, "1", { id, name, nodes, connections });
    const additionalData = { executionId: "1", hooks, currentNodeExecutionIndex: 0, variables: {} };
    const run = await new WorkflowExecute(additionalData, mode).run({
      workflow,
      startNode: workflow.getNode(start),
    });
    return run.data.resultData;
  };
}

const INPUT_COUNT = /^step-(\d+)$/;

/** Node types named by their number of inputs, made when first asked for. */
function createNodeTypes(execute) {
  const types = new Map();
  const start = describe("start", []);
  const typeFor = (name) => {
    if (name === "start") return start;
    let type = types.get(name);
    if (type === undefined) {
      type = {
        ...describe(name, new Array(Number(INPUT_COUNT.exec(name)[1])).fill("main")),
        execute: async () => [[{ json: { value: await execute() } }]],
      };
      types.set(name, type);
    }
    return type;
  };
  return { getByName: typeFor, getByNameAndVersion: typeFor, getKnownTypes: () => ({}) };
}

function describe(name, inputs) {
  return {
    description: {
      displayName: name,
      name,
      group: ["transform"],
      version: 1,
      description: name,
      defaults: { name },
      inputs,
      outputs: ["main"],
      properties: [],
    },
    execute: async () => [[{ json: {} }]],
  };
}

/** n8n's own form of a flow. Where several nodes have no predecessor, a start node feeds them all. */
function toWorkflow(flow) {
  const inputs = new Map(flow.nodes.map(({ id }) => [id, 0]));
  const connections = {};
  for (const { source, target } of flow.edges) {
    const index = inputs.get(target);
    inputs.set(target, index + 1);
    connect(connections, source, target, index);
  }
  const roots = flow.nodes.filter(({ id }) => inputs.get(id) === 0);
  const nodes = flow.nodes.map(({ id, parameters }) => ({
    id,
    name: id,
    type: `step-${Math.max(1, inputs.get(id))}`,
    typeVersion: 1,
    position: [0, 0],
    parameters: { ...parameters },
  }));
  if (roots.length === 1) return { nodes, connections, start: roots[0].id };

  const start = "start";
  nodes.push({ id: start, name: start, type: start, typeVersion: 1, position: [0, 0], parameters: {} });
  for (const { id } of roots) connect(connections, start, id, 0);
  return { nodes, connections, start };
}

function connect(connections, source, target, index) {
  connections[source] ??= { main: [[]] };
  connections[source].main[0].push({ node: target, type: "main", index });
}
