import { csvFlow } from "../csv/flow.mjs";
import { joinFlow } from "../csv/tables.mjs";
import { buildFlow } from "../flows.mjs";
import { fetchFlow, picturesFlow } from "../jobs/flows.mjs";
import { JOBS } from "../jobs/index.mjs";

/**
 * The package's entry as a consumer imports it. Everything that the benchmark knows about this project's own API
 * stands in this file.
 */
const ENTRY = "@atomiton/conductor/desktop";

/** Names of the backends that can be measured. */
export const BACKEND_NAMES = ["native", "wasm"];

/** The entry, on a backend; a process has one, which is chosen when the entry loads. */
function entryOn(backend) {
  process.env.CONDUCTOR_BACKEND = backend;
  return import(ENTRY);
}

/**
 * This project's engine on one backend, with nobody watching.
 *
 * @param {string} backend one of {@link BACKEND_NAMES}
 */
export function conductor(backend) {
  return subject(backend, "", () => () => {});
}

/** The same with a progress listener attached and the trace of each run taken from its result. */
export function observedConductor(backend) {
  return subject(backend, " observed", (engine) => {
    let progress = 0;
    engine.events.onProgress(({ cachedProgress }) => {
      progress = cachedProgress;
    });
    return ({ trace }) => {
      if (trace === undefined) throw new Error("The run left no trace");
      if (progress !== 100) throw new Error(`The listener last heard of ${progress} percent`);
    };
  });
}

/** The same again, and every event of the trace is looked at. */
export function tracedConductor(backend) {
  return subject(backend, " trace read", (engine) => {
    engine.events.onProgress(() => {});
    return ({ trace }) => {
      let completed = 0;
      for (const { type } of trace.events) {
        if (type === "completed") completed += 1;
      }
      if (completed === 0) throw new Error("The trace tells of no completed node");
    };
  });
}

/** The same with CSV files that are read as their rows are needed. */
export function streamedConductor(backend) {
  return subject(backend, " streamed", () => () => {}, true);
}

/**
 * The same with a store of executions.
 *
 * @param {"sqlite" | "postgres"} [store] none keeps nothing
 * @param {"strict" | "relaxed"} [durability]
 */
export function keptConductor(store, durability = "strict") {
  const more = durability === "strict" ? "" : ` ${durability}`;
  return {
    name: store === undefined ? "conductor without a store" : `conductor ${store}${more}`,

    /** Runs a chain of `steps` with these effects, `runs` of them at once. */
    async prepareDurable({ steps, runs = 1, effects = "writes", folder, url }) {
      const { createConductor } = await entryOn("native");
      const address = store === "sqlite" ? `sqlite:${folder}/${durability}.db` : url;
      const execute = effects === "none" ? () => 1 : async () => 1;
      const executable = { effects, execute };
      const engine = createConductor({
        transport: "local",
        nodeExecutorFactory: { getNodeExecutable: () => executable },
        ...(store !== undefined && { store: address, durability }),
      });
      const flow = buildFlow({ shape: "chain", size: steps });
      return async () => {
        const results = await Promise.all(Array.from({ length: runs }, () => engine.node.run(flow)));
        results.forEach(succeed);
      };
    },
  };
}

/** `watch` attaches what watches an engine and gives what looks at each result. */
function subject(backend, variant, watch, stream = false) {
  return {
    name: `conductor ${backend}${variant}`,

    async prepare(flow, execute) {
      const { createConductor } = await entryOn(backend);
      const executable = { execute };
      const engine = createConductor({
        nodeExecutorFactory: { getNodeExecutable: () => executable },
      });
      const look = watch(engine);
      return async () => {
        const result = await engine.node.run(flow);
        succeed(result);
        look(result);
      };
    },

    async prepareAnalysis(flow) {
      const { analyseFlow } = await entryOn(backend);
      return () => {
        // Ids, edges and cycles are checked on the way; it throws when there is a problem.
        const analysis = analyseFlow(flow);
        return {
          problems: 0,
          levels: analysis.executionOrder.length,
          maxParallelism: analysis.maxParallelism,
          criticalPathLength: analysis.criticalPath.length,
          criticalPathWeight: analysis.criticalPathWeight,
        };
      };
    },

    async prepareCsv(source, target) {
      const { createConductor } = await entryOn(backend);
      const engine = createConductor();
      const flow = csvFlow(source, target);
      return async () => {
        succeed(await engine.node.run(flow));
      };
    },

    async prepareTables({ work, ...files }) {
      const { createConductor } = await entryOn(backend);
      const engine = createConductor();
      const flow = work === "join" ? joinFlow(files) : csvFlow(files.source, files.target);
      if (work === "large") {
        const write = { operation: "write", path: files.filtered };
        flow.nodes.push({ id: "copy", type: "spreadsheet", parameters: write });
        flow.edges.push({ id: "filter-copy", source: "filter", target: "copy", targetHandle: "data" });
      }
      if (stream) flow.nodes.find(({ id }) => id === "read").parameters.stream = true;
      return async () => {
        succeed(await engine.node.run(flow));
      };
    },

    async prepareJob({ kind, ...params }) {
      const { createConductor } = await entryOn(backend);
      if (kind === "fetch") return runsOf(createConductor(), fetchFlow(params));
      const { nodes, edges } = JOBS[kind](params);
      const steps = new Map(nodes.map(({ id, perform }) => [id, perform]));
      const executable = {
        execute: ({ nodeId, input }) => steps.get(nodeId)(input === undefined ? [] : [input.default ?? input]),
      };
      const engine = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => executable } });
      const flow = {
        id: kind,
        name: kind,
        type: "group",
        parameters: { parallel: true },
        nodes: nodes.map(({ id }) => ({ id, type: "step" })),
        edges: edges.map((edge, at) => ({ id: `edge-${at}`, ...edge })),
      };
      if (kind !== "failing") return runsOf(engine, flow);
      return async () => {
        if ((await engine.node.run(flow)).success) throw new Error("the job did not fail");
      };
    },

    async preparePictures(params) {
      const { createConductor } = await entryOn(backend);
      return runsOf(createConductor(), picturesFlow(params));
    },
  };
}

function runsOf(engine, flow) {
  return async () => {
    succeed(await engine.node.run(flow));
  };
}

function succeed(result) {
  if (!result.success) throw new Error(`${result.error.code}: ${result.error.message}`);
}
