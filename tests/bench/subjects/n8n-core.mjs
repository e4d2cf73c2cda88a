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
    requirePeer("reflect-metadata");
    const { ExecutionLifecycleHooks, WorkflowExecute } = requirePeer("n8n-core");
    const { Workflow } = requirePeer("n8n-workflow");

    const { nodes, connections, start } = toWorkflow(flow);
    const nodeTypes = createNodeTypes(execute);
    // "trigger" is the leanest mode: "manual" keeps extra data for its editor.
    const mode = "trigger";
    return async () => {
      const workflow = new Workflow({
        id: flow.id,
        nodes,
        connections,
        nodeTypes,
        active: false,
        settings: { executionOrder: "v1" },
      });
      const hooks = new ExecutionLifecycleHooks(mode, "1", { id: flow.id, name: flow.name, nodes, connections });
      const additionalData = { executionId: "1", hooks, currentNodeExecutionIndex: 0, variables: {} };
      const run = await new WorkflowExecute(additionalData, mode).run({
        workflow,
        startNode: workflow.getNode(start),
      });
      const { error, runData } = run.data.resultData;
      if (error) throw error;
      const ran = Object.keys(runData).length;
      if (ran !== nodes.length) throw new Error(`n8n-core ran ${ran} of ${nodes.length} nodes`);
    };
  },
};

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
