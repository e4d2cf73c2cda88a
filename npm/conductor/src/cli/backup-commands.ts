/** The arguments of `conductor backup` and `conductor restore`. */
import type { Command } from "commander";
import type { Exit } from "./exit.js";

/** Loaded by those who use it. */
const load = () => import("./backup.js");

/** Adds them to the program. `end` is told how one ended. */
export function backupCommands(program: Command, end: (exit: Exit) => void): void {
  const ofStore = (name: string, description: string, file: string) =>
    program
      .command(name)
      .description(description)
      .argument("<file>", file)
      .option("--store <address>", "the store (default: sqlite:conductor.db)")
      .option("--json", "print JSON")
      .option("--config <file>", "settings (default: the nearest conductor.config.ts, .js, .mjs or .json)")
      .option("--no-config", "look for no settings");
  ofStore("backup", "copy a store to a file, also while a server writes to it", "to write")
    .option("--replace", "in the place of a file of that name")
    .action(async (file: string, options) => end(await (await load()).backUp(file, options)));
  ofStore("restore", "put a backup back as a store that no process has open", "that `backup` wrote")
    .option("--replace", "in the place of all that the store has")
    .action(async (file: string, options) => end(await (await load()).restore(file, options)));
}
