/** The commands of `conductor flows`, as the command line has them. */
import type { Command } from "commander";
import { positiveInteger, wholeNumber } from "./assignment.js";
import type { Exit } from "./exit.js";
import { deleteFlows, flowHistory, listFlows, restoreFlow, saveFlow, showFlow } from "./flows.js";

/**
 * Adds them.
 *
 * @param add makes a command with the options of all commands on a store
 */
export function flowCommands(add: (name: string, description: string) => Command, end: (exit: Exit) => void): void {
  add("list", "list flows, those that were saved last first")
    .option("--limit <n>", "so many at most (default: 50)", positiveInteger)
    .action(async (options) => end(await listFlows(options)));
  add("show", "print a flow as its file would have it")
    .argument("<id>", "of the flow")
    .argument("[version]", "an earlier version of it", positiveInteger)
    .action(async (id: string, version: number | undefined, options) => end(await showFlow(id, version, options)));
  add("save", "save the flow in a file under its id, as a new version")
    .argument("<file>", "YAML or JSON file, - for standard input")
    .option("--if-version <n>", "only on top of this version; 0 for a flow that must be new", wholeNumber)
    .option("--strict", "take warnings for errors")
    .option("--lenient", "only warn of unknown keys, and of nodes without a type or with nothing inside")
    .action(async (file: string, options) => end(await saveFlow(file, options)));
  add("delete", "delete flows; their versions stay")
    .argument("<id...>", "of the flows")
    .action(async (ids: string[], options) => end(await deleteFlows(ids, options)));
  add("history", "list the versions of a flow, the last one first")
    .argument("<id>", "of the flow")
    .option("--limit <n>", "so many at most (default: 50)", positiveInteger)
    .action(async (id: string, options) => end(await flowHistory(id, options)));
  add("restore", "save an earlier version again, as a new one; a deleted flow is there again")
    .argument("<id>", "of the flow")
    .argument("<version>", "its number", positiveInteger)
    .action(async (id: string, version: number, options) => end(await restoreFlow(id, version, options)));
}
