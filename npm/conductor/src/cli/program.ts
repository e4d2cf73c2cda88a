/** The command line: its commands, options, help and exit code. */
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { createConductor } from "../exports/node.js";
import { assignment, positiveInteger } from "./assignment.js";
import { EXIT_HELP, Exit, UsageError } from "./exit.js";
import { graph } from "./graph.js";
import { run } from "./run.js";
import { validate } from "./validate.js";

/** Does what the arguments say and ends the process. */
export async function main(argv: readonly string[]): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  const exit = await codeOf(argv);
  // Ends also when a node never settles; what was written goes out first.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(exit);
}

async function codeOf(argv: readonly string[]): Promise<Exit> {
  let exit: Exit = Exit.success;
  const program = commands((code) => {
    exit = code;
  });
  try {
    await program.parseAsync(argv);
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.success : Exit.usage;
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      return Exit.usage;
    }
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return Exit.failed;
  }
}

function commands(end: (exit: Exit) => void): Command {
  const { engine } = createConductor();
  const program = new Command("conductor")
    .description("Runs flows: graphs of nodes.")
    .version(
      `conductor ${packageJson.version} (${engine.backend} engine ${engine.version}, Node ${process.versions.node})`,
    )
    .exitOverride()
    .showHelpAfterError("(conductor --help tells more)")
    .addHelpText("after", EXIT_HELP);

  program
    .command("run")
    .description("run a flow")
    .argument("<flow>", "YAML or JSON file")
    .option(
      "--input <name=value>",
      "an input of the flow; may be given again. JSON where it is JSON, else text",
      assignment,
    )
    .option("--var <name=value>", "a variable, over the default in the flow; may be given again", assignment)
    .option(
      "--concurrency <n>",
      "nodes in flight at once (default: what the flow says, else processors)",
      positiveInteger,
    )
    .option("--timeout <ms>", "end the run after this time", positiveInteger)
    .option("--json", "print one JSON document to standard output, everything else to standard error")
    .option("--trace <file>", "write what happened as JSON")
    .option("--quiet", "print errors only")
    .addHelpText("after", EXIT_HELP)
    .action(async (flow: string, options) => end(await run(flow, options)));

  program
    .command("validate")
    .description("tell everything that is wrong with flows")
    .argument("<flow...>", "YAML or JSON files")
    .option("--json", "print JSON")
    .addHelpText("after", EXIT_HELP)
    .action(async (flows: string[], options) => end(await validate(flows, options)));

  program
    .command("graph")
    .description("show levels, critical path, weights and groups of a flow")
    .argument("<flow>", "YAML or JSON file")
    .option("--mermaid", "print a Mermaid flowchart")
    .option("--json", "print JSON")
    .addHelpText("after", EXIT_HELP)
    .action(async (flow: string, options) => end(await graph(flow, options)));

  return program;
}

/** Whoever read along may stop; what the flow does goes on. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.write("", () => resolve());
  });
}
