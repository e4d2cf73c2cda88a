/** The commands of `conductor secrets`. */
import type { Command } from "commander";
import type { Exit } from "./exit.js";

/** Names the file of the key of secrets. */
export const SECRET_KEY = [
  "--secret-key <file>",
  "file of the key of secrets, or keychain:NAME for the system's keychain (default: CONDUCTOR_SECRET_KEY of the environment, else conductor.secret-key)",
] as const;

/** Adds them to the program. What they do is loaded by those who call one. */
export function secretsCommands(program: Command, end: (exit: Exit) => void): void {
  const secrets = program
    .command("secrets")
    .description("look after the secrets that flows read, encrypted in a store");
  const of = (name: string, description: string) =>
    secrets
      .command(name)
      .description(description)
      .option("--store <address>", "where they are kept (default: sqlite:conductor.db)")
      .option(...SECRET_KEY)
      .option("--config <file>", "settings (default: the nearest conductor.config.ts, .js, .mjs or .json)")
      .option("--no-config", "look for no settings");
  of("set", "set a secret: typed without being shown, or from standard input")
    .argument("<name>", "flows read it as secrets.NAME")
    .option("--from <place>", "keep no value, but where it is read each time: env:NAME or file:PATH")
    .action(async (name: string, options) => end(await (await commands()).setSecret(name, options)));
  of("list", "list the secrets and the saved flows that read them, without what they are")
    .option("--json", "print JSON")
    .action(async (options) => end(await (await commands()).listSecrets(options)));
  of("remove", "remove a secret")
    .argument("<name>", "of the secret")
    .action(async (name: string, options) => end(await (await commands()).removeSecret(name, options)));
  of("rotate", "encrypt all secrets with a new key, which is added to the file of the key; servers that run go on")
    .option("--json", "print JSON")
    .action(async (options) => end(await (await commands()).rotateSecrets(options)));
}

function commands() {
  return import("./secrets.js");
}
