/** `conductor mcp`: flows as tools of the Model Context Protocol, for a program that starts this one. */
import { createNodeConductor } from "../exports/environment/node.js";
import type { Conductor, ConductorConfig } from "../exports/node.js";
import { createCalls } from "../server/calls.js";
import { createFlowScope } from "../server/flow-scope.js";
import { toolOf } from "../server/mcp/tool.js";
import { createRateGuard, UNLIMITED } from "../server/rate-limits.js";
import { serveChannels } from "../server/served-channels.js";
import type { FlowToSave } from "../types/flow.js";
import { Exit, UsageError } from "./exit.js";
import type { Strictness } from "./flow-file.js";
import { flowsIn } from "./flows-in-files.js";
import { openKeptStore } from "./kept-store.js";
import { openProject, type ProjectOptions } from "./project.js";
import { demandStore, type SecretKeyOptions, storedSecrets } from "./secret-source.js";
import { saveChanged } from "./serve.js";
import { onInterrupt } from "./signals.js";
import { oneLine } from "./text.js";
import { telling } from "./with-store.js";

/** Options of the command. */
export interface McpOptions extends ProjectOptions, SecretKeyOptions, Strictness {
  /** The address of a store that keeps executions, and may have flows. */
  store?: string;
  /** Ids of flows of the store that are tools. */
  flow?: string[];
}

/** Serves until the program closes standard input, or a signal ends it. Flows in files are tools; of those in the store the chosen ones. */
export async function mcp(files: readonly string[], options: McpOptions): Promise<Exit> {
  const project = await openProject(files[0], options);
  const { settings } = project;
  const address = options.store ?? settings.store;
  if (files.length === 0 && address === undefined) {
    throw new UsageError("Name the flows that are tools: files, or a store with --store sqlite:PATH");
  }
  if (files.includes("-")) throw new UsageError("Standard input is for the protocol; give flows as files");
  if (options.flow !== undefined && address === undefined) {
    throw new UsageError("--flow names a flow in a store; give --store sqlite:PATH as well");
  }
  demandStore(address, options);
  const flows = await flowsIn(files, { ...options, nodes: project.nodes, files: settings.files });
  if (flows === undefined) return Exit.invalidFlow;
  return telling(async () => {
    const kept = address === undefined ? undefined : await openKeptStore(address);
    try {
      const { store: _, ...others } = settings;
      const stored = kept && { ...storedSecrets(settings, kept.store, options).asked, store: kept.store };
      return await serveOn({ ...others, ...stored }, flows, options.flow);
    } finally {
      await kept?.close();
    }
  });
}

async function serveOn(
  settings: ConductorConfig,
  flows: readonly FlowToSave[],
  chosen: readonly string[] | undefined,
): Promise<Exit> {
  // What others put to sleep is not for a process that ends with its client.
  const conductor = createNodeConductor(
    { ...settings, ...(settings.store !== undefined && { wakes: "own" as const }) },
    () => "local",
  );
  const isKept = settings.store !== undefined && settings.durability !== "off";
  const channels = serveChannels(conductor, { durable: isKept }, () => {});
  // What nodes print must not come between the messages of the protocol.
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  const ending = new AbortController();
  const release = onInterrupt(
    () => ending.abort(),
    () => {},
  );
  try {
    const named = [...(chosen ?? [])];
    for (const id of named) await demandTool(conductor, id);
    for (const flow of flows) {
      const id = isKept ? await saveChanged(conductor, flow) : (await conductor.storage.saveFlow(flow)).id;
      await demandTool(conductor, id);
      named.push(id);
    }
    const { serveStdio } = await import("../server/mcp/stdio.js");
    const isFine = await serveStdio(
      {
        calls: createCalls({
          channels,
          auth: undefined,
          // The one caller is who started this process.
          guard: createRateGuard(UNLIMITED, () => {}),
          scope: createFlowScope(conductor),
          tell: () => {},
        }),
        events: conductor.events,
        flows: named.length > 0 ? named : undefined,
        isKept,
      },
      {
        input: process.stdin,
        write: (text, done) => void write(text, done),
        problem: (message) =>
          process.stderr.write(`A message cannot be read: ${oneLine(message).slice(0, LONGEST_PROBLEM)}\n`),
        signal: ending.signal,
      },
    );
    return isFine ? Exit.success : Exit.failed;
  } finally {
    release();
    channels.close();
    await conductor.shutdown();
    process.stdout.write = write as typeof process.stdout.write;
  }
}

/** Loads a flow that is to be a tool. Throws UsageError where there is no such flow, or where it cannot be one. */
async function demandTool({ storage }: Conductor, id: string): Promise<void> {
  try {
    toolOf(await storage.loadFlow(id));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== undefined && code !== "NODE_NOT_FOUND") throw error;
    throw new UsageError(code === undefined ? message : `There is no flow ${JSON.stringify(id)} in the store`);
  }
}

const LONGEST_PROBLEM = 1_000;
