/** `conductor flows`: the flows that a store or a server keeps, with their versions. */

import { type NodeDefinition, writeFlow } from "../exports/node.js";
import type { FlowToSave } from "../types/flow.js";
import { Exit } from "./exit.js";
import type { Strictness } from "./flow-file.js";
import { flowsIn } from "./flows-in-files.js";
import { jsonText } from "./json.js";
import { openProject } from "./project.js";
import { column, counted, oneLine, timeText } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Flows on a page of the list, unless more are asked for. */
const LISTED = 50;

/** Lists the flows, those that were saved last first. */
export function listFlows(options: StoreOptions & { limit?: number }): Promise<Exit> {
  return withStore(options, async ({ storage }) => {
    const { flows, total, problems = [] } = await storage.listFlows({ limit: options.limit ?? LISTED });
    if (options.json) process.stdout.write(`${jsonText(flows, 2)}\n`);
    else if (total === 0) process.stdout.write("There are no flows\n");
    for (const { id, name, updatedAt, nodeCount } of options.json ? [] : flows) {
      const nodes = column(counted(nodeCount, "node"), 10);
      process.stdout.write(
        `${timeText(Date.parse(updatedAt))}  ${nodes} ${column(oneLine(name), 30)} ${oneLine(id)}\n`,
      );
    }
    if (total > flows.length) process.stderr.write(`${total - flows.length} more: --limit shows them\n`);
    for (const { id, message } of problems)
      process.stderr.write(`${oneLine(id)} cannot be read: ${oneLine(message)}\n`);
    return Exit.success;
  });
}

/** Prints a flow as a file has it, in YAML or JSON; the last version or the one that is named. */
export function showFlow(id: string, version: number | undefined, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ storage }) => {
    const flow = await storage.loadFlow(id, version === undefined ? {} : { version });
    // What the store knows of a flow is no part of its file.
    const { savedAt: _, updatedAt: __, storedVersion: ___, ...written } = flow;
    process.stdout.write(options.json ? `${jsonText(flow, 2)}\n` : writeFlow(written as NodeDefinition));
    return Exit.success;
  });
}

/** Saves the flow in a file under its id; with `ifVersion` only on top of that version. */
export async function saveFlow(
  file: string,
  options: StoreOptions & Strictness & { ifVersion?: number },
): Promise<Exit> {
  const { nodes, settings } = await openProject(file, options);
  const flows = await flowsIn([file], { ...options, nodes, files: settings.files });
  const flow = flows?.[0];
  if (flow === undefined) return Exit.invalidFlow;
  return withStore(
    options,
    async ({ storage }) => {
      const { ifVersion } = options;
      const receipt = await storage.saveFlow(flow as FlowToSave, ifVersion === undefined ? {} : { ifVersion });
      tellSaved(receipt, options);
      return Exit.success;
    },
    { mayBegin: true },
  );
}

/** Deletes flows; their versions stay, from which they can be restored. */
export function deleteFlows(ids: readonly string[], options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ storage }) => {
    for (const id of ids) {
      await storage.deleteFlow(id);
      process.stdout.write(`${oneLine(id)} deleted\n`);
    }
    return Exit.success;
  });
}

/** Lists the versions of a flow, the last one first. */
export function flowHistory(id: string, options: StoreOptions & { limit?: number }): Promise<Exit> {
  return withStore(options, async ({ storage }) => {
    const { limit } = options;
    const history = await storage.flowHistory(id, limit === undefined ? {} : { limit });
    if (options.json) {
      process.stdout.write(`${jsonText(history, 2)}\n`);
      return Exit.success;
    }
    for (const { version, savedAt, hash } of history.versions) {
      process.stdout.write(`${column(String(version), 6)}${timeText(Date.parse(savedAt))}  ${hash.slice(0, 12)}\n`);
    }
    if (history.deletedAt !== undefined) {
      process.stdout.write(`deleted ${timeText(Date.parse(history.deletedAt))}\n`);
    }
    if (history.next !== undefined) process.stderr.write("There are earlier ones: --limit shows them\n");
    return Exit.success;
  });
}

/** Saves an earlier version again, as a new one. */
export function restoreFlow(id: string, version: number, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ storage }) => {
    tellSaved(await storage.restoreFlow(id, version), options);
    return Exit.success;
  });
}

function tellSaved(receipt: { id: string; storedVersion?: number }, { json }: StoreOptions): void {
  const { id, storedVersion } = receipt;
  const version = storedVersion === undefined ? "" : ` as version ${storedVersion}`;
  process.stdout.write(json ? `${jsonText(receipt, 2)}\n` : `Saved ${oneLine(id)}${version}\n`);
}
