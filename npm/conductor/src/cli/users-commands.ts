/** The commands of `conductor users`, with their options. */
import { type Command, Option } from "commander";
import { ROLES } from "../server/access.js";
import type { Exit } from "./exit.js";

const PASSWORD_FILE = [
  "--password-file <file>",
  "holds the password, - for standard input (default: the terminal asks for it, else standard input has it)",
] as const;

/** Loaded by those who use it. */
const load = () => import("./users.js");

/** Adds them to the program. `end` is told how one ended. */
export function usersCommands(program: Command, end: (exit: Exit) => void): void {
  const users = program.command("users").description("look after those who sign in to a server with a password");
  const command = (name: string, description: string, takesName = true) => {
    const made = users.command(name).description(description);
    if (takesName) made.argument("<name>", "of the user");
    return made
      .option("--store <address>", "where the server keeps what it has (default: sqlite:conductor.db)")
      .option("--audit <file>", "append the change as a line of JSON to this file")
      .option("--config <file>", "settings (default: the nearest conductor.config.ts, .js, .mjs or .json)")
      .option("--no-config", "look for no settings");
  };
  const own = (name: string, description: string) =>
    command(name, description)
      .option("--remote <url>", "do it at this server, as the user: it asks for the present password")
      .option("--current-password-file <file>", "holds the present password for --remote, - for standard input");
  const role = () => new Option("--role <role>", "what it allows").choices(ROLES).makeOptionMandatory();

  command("add", "make a user, who signs in with a name and a password")
    .addOption(role())
    .option(...PASSWORD_FILE)
    .action(async (name: string, options) => end(await (await load()).addUser(name, options)));
  command("list", "list the users", false)
    .option("--json", "print JSON")
    .action(async (options) => end(await (await load()).listUsers(options)));
  command("remove", "remove a user, and end the sessions of this user").action(async (name: string, options) =>
    end(await (await load()).removeUser(name, options)),
  );
  own("password", "set another password, and end the sessions of this user")
    .option(...PASSWORD_FILE)
    .action(async (name: string, options) => end(await (await load()).setPassword(name, options)));
  command("role", "give a user another role, and end the sessions of this user")
    .addOption(role())
    .action(async (name: string, options) => end(await (await load()).setRole(name, options)));
  own("sessions", "list the sessions of a user")
    .option("--json", "print JSON")
    .action(async (name: string, options) => end(await (await load()).listSessions(name, options)));
  own("logout", "end all sessions of a user")
    .option("--session <id>", "end this one alone")
    .action(async (name: string, options) => end(await (await load()).logoutUser(name, options)));
}
