import { statSync } from "node:fs";
import { join } from "node:path";

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

    /** Leaves `count` executions unfinished and goes on with them. @returns ms until all are running again */
    async timeRecovery({ count, folder, url }) {
      const { createConductor } = await entryOn("native");
      let waiting;
      const types = {
        step: { effects: "writes", execute: async () => 1 },
        wait: { effects: "reads", execute: () => new Promise(() => waiting()) },
      };
      const open = () =>
        createConductor({
          transport: "local",
          nodeExecutorFactory: { getNodeExecutable: (type) => types[type] },
          store: store === "sqlite" ? `sqlite:${folder}/recovery.db` : url,
          logLevel: "error",
        });
      const nodes = ["step", "wait"].map((type) => ({ id: type, type }));
      const flow = { id: "left", type: "group", nodes, edges: [{ id: "e", source: "step", target: "wait" }] };
      const allWait = () => {
        let left = count;
        return new Promise((resolve) => {
          waiting = () => --left === 0 && resolve();
        });
      };
      const before = open();
      const left = allWait();
      for (let at = 0; at < count; at++) void before.node.run(flow);
      await left;
      await before.shutdown();
      const after = open();
      const running = allWait();
      const started = performance.now();
      const { resumed } = await after.recover();
      await running;
      const ms = performance.now() - started;
      if (resumed.length !== count) throw new Error(`${resumed.length} of ${count} executions go on`);
      await after.shutdown();
      return ms;
    },

    /** Runs a chain of 100 steps with outputs of 1 KB so many times. @returns bytes that the database grew by for each run */
    async bytesOfRun({ runs, folder }) {
      const { createConductor } = await entryOn("native");
      const file = join(folder, "bytes.db");
      let count = 0;
      const execute = async () => ({ text: `${++count} `.padEnd(1_000, "abcdefghij klmnopqrst uvwxyz ") });
      const flow = buildFlow({ shape: "chain", size: 100 });
      const sizeAfter = async (more) => {
        const engine = createConductor({
          transport: "local",
          nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "reads", execute }) },
          store: `sqlite:${file}`,
        });
        for (let run = 0; run < more; run++) succeed(await engine.node.run(flow));
        // What is in the log goes into the database when the last one closes it.
        await engine.shutdown();
        return statSync(file).size;
      };
      const before = await sizeAfter(1);
      return ((await sizeAfter(runs)) - before) / runs;
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
