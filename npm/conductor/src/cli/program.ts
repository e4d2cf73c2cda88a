/** The command line: its commands, options, help and exit code. */
import { EXECUTION_STATUSES } from "@atomiton/storage";
import { Command, CommanderError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { createConductor } from "../exports/node.js";
import { ROLES } from "../server/access.js";
import {
  assignment,
  jsonOrText,
  label,
  milliseconds,
  positiveInteger,
  textAssignment,
  wholeNumber,
} from "./assignment.js";
import { backupCommands } from "./backup-commands.js";
import { cacheStats, clearCache } from "./cache.js";
import { diffExecutions } from "./diff.js";
import { exportExecution, importExecution } from "./execution-files.js";
import { executionLogs } from "./execution-logs.js";
import { cancelExecution, vacuumExecutions } from "./execution-upkeep.js";
import {
  answerQuestion,
  deleteExecutions,
  listExecutions,
  listQuestions,
  resumeExecutions,
  showExecution,
} from "./executions.js";
import { EXIT_HELP, Exit, UsageError } from "./exit.js";
import { flowCommands } from "./flow-commands.js";
import { forkExecution, parameterOf } from "./fork.js";
import { graph } from "./graph.js";
import { init } from "./init.js";
import { addKey, KEY_FILE, listKeys, removeKey } from "./keys.js";
import { OUTPUT_FORMATS } from "./node-output.js";
import { nodes } from "./nodes.js";
import { replay } from "./replay.js";
import { run } from "./run.js";
import { schema } from "./schema.js";
import { SECRET_KEY, secretsCommands } from "./secrets-commands.js";
import { LOG_FORMATS } from "./serve-log.js";
import { scheduleCommands, triggerCommands } from "./trigger-commands.js";
import { usersCommands } from "./users-commands.js";
import { validate } from "./validate.js";
import { WrittenStream } from "./written-stream.js";

const FLOW = "YAML or JSON file, - for standard input";

const files = (file: string, before: string[] = []): string[] => [...before, file];
const NODES = ["--nodes <file>", "module that exports node types; may be given again", files] as const;
const LABEL = [
  "--label <label>",
  "this process offers it to nodes that ask for it (`runsOn`), such as gpu; may be given again",
  label,
] as const;
const CONFIG = ["--config <file>", "settings (default: the nearest conductor.config.ts, .js, .mjs or .json)"] as const;
const STORE = [
  "--store <address>",
  "keep executions there, so that they outlast this process: sqlite:PATH or postgres://…",
] as const;
const KEPT = [
  STORE[0],
  "the store that keeps them: sqlite:PATH or postgres://… (default: `store` of the settings)",
] as const;
const REMOTE = [
  "--remote <url>",
  "use this server, with the key of `conductor login`, CONDUCTOR_KEY or --key-file",
] as const;
const KEY_FILE_OPTION = ["--key-file <file>", "a file that holds the key for --remote"] as const;
const KEYS = ["--keys <file>", "file of keys", KEY_FILE] as const;
const AUDIT = ["--audit <file>", "append the change as a line of JSON to this file"] as const;
const NO_CONFIG = ["--no-config", "look for no settings"] as const;

/** Does what the arguments say and ends the process. */
export async function main(argv: readonly string[]): Promise<never> {
  const output = new WrittenStream(process.stdout);
  const errors = new WrittenStream(process.stderr);
  const exit = await codeOf(argv);
  // Ends also when a node never settles; what was written goes out first.
  await output.flushed();
  if (output.failure) process.stderr.write(`Standard output cannot be written: ${output.failure.message}\n`);
  await errors.flushed();
  process.exit(output.failure || errors.failure ? Exit.usage : exit);
}

async function codeOf(argv: readonly string[]): Promise<Exit> {
  let exit: Exit = Exit.success;
  try {
    const program = commands((code) => {
      exit = code;
    });
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
    .argument("[flow]", `${FLOW}; with --remote also the id of a flow of the server; left out with --resume`)
    .option(
      "--input <name=value>",
      "an input of the flow; may be given again. JSON where it is JSON, else text",
      assignment,
    )
    .option("--var <name=value>", "a variable, over the default in the flow; may be given again", textAssignment)
    .option(
      "--answer <node=value>",
      "the answer to what this node asks people; may be given again. JSON where it is JSON, else text",
      assignment,
    )
    .option(
      "--concurrency <n>",
      "nodes in flight at once (default: what the flow says, else processors)",
      positiveInteger,
    )
    .option("--timeout <time>", "end the run after this time: ms, or a duration such as 10s", milliseconds)
    .option("--json", "print one JSON document to standard output, everything else to standard error")
    .option("--trace <file>", "write what happened as JSON")
    .option("--quiet", "print errors only")
    .option("--verbose", "print what nodes report while they run, and the time of every node")
    .option("--output <node>", "print the output of this node to standard output, everything else to standard error")
    .addOption(new Option("--format <format>", "how --output prints (default: json)").choices(OUTPUT_FORMATS))
    .option("--dry-run", "print what would run, in order, and the files and hosts it would touch; run nothing")
    .option(
      "--watch",
      "run again when the flow or a file it reads changes; nodes that did not change keep their outputs",
    )
    .option(...STORE)
    .option(...SECRET_KEY)
    .option(
      "--cache",
      "take outputs of all nodes without effects again where they were made from the same before; of use with --store",
    )
    .option("--no-cache", "take no outputs again, whatever nodes and settings ask for")
    .option("--id <id>", "the id of the execution in the store; with that of one that was interrupted, it goes on")
    .option("--resume <id>", "go on with this execution of the store, in the place of a flow")
    .option(...REMOTE)
    .option(...KEY_FILE_OPTION)
    .option(...LABEL)
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .option("--strict", "take warnings for errors")
    .option("--lenient", "only warn of unknown keys, and of nodes without a type or with nothing inside")
    .addHelpText("after", EXIT_HELP)
    .action(async (flow: string | undefined, options) => end(await run(flow, options)));

  const executions = program
    .command("executions")
    .description("look after the executions that a store keeps, or a server");
  const inStore = (name: string, description: string, of: Command = executions) =>
    of
      .command(name)
      .description(description)
      .option(...KEPT)
      .option(...REMOTE)
      .option(...KEY_FILE_OPTION)
      .option("--json", "print JSON")
      .option(...NODES)
      .option(...CONFIG)
      .option(...NO_CONFIG);
  inStore("list", "list executions, those that began last first")
    .addOption(new Option("--status <status>", "only those that stand so").choices(EXECUTION_STATUSES))
    .option("--flow <id>", "only those of this flow")
    .option("--text <text>", "only those with this text in id, flow, name or error")
    .option(
      "--tag <tag...>",
      "only those with all of these tags, such as customer:acme of what a request said as metadata",
    )
    .option("--limit <n>", "so many at most (default: 50)", positiveInteger)
    .action(async (options) => end(await listExecutions(options)));
  inStore("show", "tell all that is known of an execution")
    .argument("<id>", "of the execution")
    .action(async (id: string, options) => end(await showExecution(id, options)));
  inStore("resume", "go on with an execution that was interrupted, or with all of them")
    .argument("[id]", "of the execution")
    .option("--any-version", "also where node types have other major versions than it began with")
    .option(...LABEL)
    .option(...SECRET_KEY)
    .action(async (id: string | undefined, options) => end(await resumeExecutions(id, options)));
  inStore("waiting", "list the questions that executions ask people")
    .argument("[id]", "of the execution")
    .action(async (id: string | undefined, options) => end(await listQuestions(id, options)));
  inStore("answer", "answer a question, and go on with its execution until it is over, sleeps or waits again")
    .argument("<id>", "of the question, or of an execution that asks only one")
    .requiredOption("--value <value>", "the answer; JSON where it is JSON, else text", jsonOrText)
    .option(...LABEL)
    .option(...SECRET_KEY)
    .action(async (id: string, options) => end(await answerQuestion(id, options)));
  inStore("fork", "begin a new execution from an old one: what does not depend on the changes is not run again")
    .argument("<id>", "of the old execution")
    .option("--from <node...>", "run these nodes anew, and all that depends on them; by id, or as group/node")
    .option(
      "--from-step <n>",
      "take over only what nodes gave up to this step of `conductor replay`, from 0",
      wholeNumber,
    )
    .option(
      "--from-round <loop=n>",
      "run a loop anew from this round on, counted from 0; may be given again",
      assignment,
    )
    .option(
      "--param <node.key=value>",
      "a parameter of a node; may be given again. JSON where it is JSON, else text",
      parameterOf,
    )
    .option("--input <name=value>", "an input in the place of all that there were; may be given again", assignment)
    .option("--var <name=value>", "a variable over that of the old execution; may be given again", textAssignment)
    .option("--flow <file>", "the flow as it was edited: YAML or JSON file, - for standard input")
    .option("--id <id>", "the id of the new execution")
    .option("--answer <node=value>", "the answer to what this node asks people; may be given again", assignment)
    .option("--concurrency <n>", "nodes in flight at once", positiveInteger)
    .option("--timeout <time>", "end the run after this time: ms, or a duration such as 10s", milliseconds)
    .option("--quiet", "print errors and the new id only")
    .option("--verbose", "print what nodes report while they run, and the time of every node")
    .addHelpText("after", EXIT_HELP)
    .option(...LABEL)
    .option(...SECRET_KEY)
    .action(async (id: string, options) => end(await forkExecution(id, options)));
  inStore("diff", "tell what two executions differ in: nodes, outputs, input and variables")
    .argument("<a>", "id of the one")
    .argument("<b>", "id of the other")
    .action(async (a: string, b: string, options) => end(await diffExecutions(a, b, options)));
  inStore("delete", "delete executions that are over")
    .argument("<id...>", "of the executions")
    .action(async (ids: string[], options) => end(await deleteExecutions(ids, options)));
  inStore("cancel", "end an execution that was interrupted and is not to go on")
    .argument("<id>", "of the execution")
    .action(async (id: string, options) => end(await cancelExecution(id, options)));
  for (const of of [executions, program]) {
    inStore("logs", "tell what the nodes of an execution said", of)
      .argument("<id>", "of the execution")
      .option("--follow", "tell of what comes as well, until the execution is over")
      .action(async (id: string, options) => end(await executionLogs(id, options)));
  }
  inStore("export", "write an execution to a file, with its flow, its journal and all values")
    .argument("<id>", "of the execution")
    .option("--output <file>", "the file, - for standard output (default: ID.conductor-run)")
    .option("--redact <path...>", "leave out what is at these paths in any value or parameter, such as **.email")
    .option("--no-values", "leave out all values: what happened when, with codes of errors, is left")
    .action(async (id: string, options) => end(await exportExecution(id, options)));
  inStore("import", "put the execution of such a file into the store")
    .argument("<file>", "that `export` wrote")
    .option("--id <id>", "its id in the store (default: the one that it had)")
    .action(async (file: string, options) => end(await importExecution(file, options)));
  inStore("vacuum", "delete executions that are over by age and number, and give their room back")
    .option("--older-than <time>", "those that ended longer ago, such as 30d", milliseconds)
    .option("--keep-per-flow <n>", "all but so many of each flow, those that began last", wholeNumber)
    .option("--flow <id>", "only those of this flow")
    .action(async (options) => end(await vacuumExecutions(options)));

  const triggers = program
    .command("triggers")
    .description("look after what begins executions of saved flows by itself");
  triggerCommands((name, description) => inStore(name, description, triggers), end);
  const schedules = program
    .command("schedules")
    .description("look after the triggers that begin executions of saved flows at times");
  scheduleCommands((name, description) => inStore(name, description, schedules), end);

  const flows = program.command("flows").description("look after the flows that a store keeps, or a server");
  flowCommands((name, description) => inStore(name, description, flows), end);

  program
    .command("replay")
    .description("step through a recorded execution; nothing is run")
    .argument("<file|id>", "a file of `conductor executions export`, or the id of an execution in the store")
    .option(...KEPT)
    .option(...REMOTE)
    .option(...KEY_FILE_OPTION)
    .option("--step <n>", "print this step, from 0, instead of asking for keys", wholeNumber)
    .option(
      "--node <id>",
      "print what this node gave (by default at the last step): its id, or a path such as loop/pay",
    )
    .option("--json", "print JSON: of all steps, of one with --step, of a node with --node")
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .action(async (what: string, options) => end(await replay(what, options)));

  const cache = program
    .command("cache")
    .description("look after the outputs of nodes that a store keeps to be taken again");
  const ofCache = (name: string, description: string) =>
    cache
      .command(name)
      .description(description)
      .option(...KEPT)
      .option("--json", "print JSON")
      .option(...CONFIG)
      .option(...NO_CONFIG);
  ofCache("stats", "tell how many there are, and their size").action(async (options) => end(await cacheStats(options)));
  ofCache("clear", "remove them; what asks for them next is made anew")
    .option("--type <type>", "only those of nodes of this type")
    .option("--expired", "only those that have expired")
    .action(async (options) => end(await clearCache(options)));

  program
    .command("validate")
    .description("tell everything that is wrong with flows")
    .argument("<flow...>", "YAML or JSON files, - for standard input")
    .option("--strict", "take warnings for errors")
    .option("--lenient", "only warn of unknown keys, and of nodes without a type or with nothing inside")
    .option("--json", "print JSON")
    .option(...LABEL)
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .addHelpText("after", EXIT_HELP)
    .action(async (flows: string[], options) => end(await validate(flows, options)));

  program
    .command("graph")
    .description("show levels, critical path, weights and groups of a flow")
    .argument("<flow>", FLOW)
    .option("--mermaid", "print a Mermaid flowchart")
    .option("--json", "print JSON")
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .addHelpText("after", EXIT_HELP)
    .action(async (flow: string, options) => end(await graph(flow, options)));

  program
    .command("nodes")
    .description("list the types of nodes, or tell all about one: parameters, handles, limits, examples")
    .argument("[type]", "such as transform")
    .option("--json", "print JSON")
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .action(async (type: string | undefined, options) => end(await nodes(type, options)));

  program
    .command("serve")
    .description("serve flows: save, run and watch them by HTTP and WebSocket, on a store")
    .argument("[flow...]", "YAML or JSON files of flows to save first, under their ids")
    .option("--port <n>", "port to listen on; 0 for one that is free", wholeNumber, 3000)
    .option("--host <address>", "address to listen on, such as 0.0.0.0 for all", "127.0.0.1")
    .option(STORE[0], "keep flows and executions there (default: sqlite:conductor.db)")
    .option(...KEYS)
    .option(...SECRET_KEY)
    .option("--open", "let everybody on this machine do everything, without keys and users")
    .option("--openid <file>", "let people sign in at an issuer of OpenID Connect, by the settings in this file")
    .option("--audit <file>", "append who did what to this file, as lines of JSON")
    .option("--rate-limit <n>", "calls a second of each caller and from each address (default: 2000)", positiveInteger)
    .option("--no-rate-limit", "let callers call, and try to sign in, as often as they like")
    .option("--trust-proxy <n>", "proxies before the server, whose X-Forwarded-For counts (default: 0)", wholeNumber)
    .option("--origin <origin>", "pages of this site may call; may be given again", files)
    .option("--root <folder>", "nodes may read and write files in there; may be given again (default: nowhere)", files)
    .option("--allow-private-addresses", "nodes may connect to addresses that are not public")
    .option("--allow-programs", "nodes may run programs, with all rights of this process")
    .option("--isolate", "carry out executions of callers in processes of their own")
    .option("--webhooks", "take requests for the webhooks of saved flows, at /hooks/… (on with --open)")
    .option("--metrics", "tell at /metrics what is counted, in the form of Prometheus, to callers who may look")
    .option("--no-triggers", "let schedules and other triggers of the saved flows begin nothing")
    .option("--mcp", "serve the Model Context Protocol at /mcp: flows whose metadata says `tool: true` are tools")
    .option("--flow <id>", "with --mcp, this flow is a tool, and none that is not named; may be given again", files)
    .addOption(
      new Option(
        "--log <format>",
        "say what happens as sentences, or each event as a line of JSON (default: text)",
      ).choices(LOG_FORMATS),
    )
    .option("--telemetry", "make spans of executions, and metrics, with the global providers of OpenTelemetry")
    .option("--strict", "take warnings for errors")
    .option("--lenient", "only warn of unknown keys, and of nodes without a type or with nothing inside")
    .option(...LABEL)
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .action(async (flows: string[], options) => {
      // What listens is loaded by those who serve.
      const { serve } = await import("./serve.js");
      end(await serve(flows, options));
    });

  program
    .command("dev")
    .description("serve the flows of a folder on this machine, and take their changes")
    .argument("[folder]", "with flows/*.yaml and *.flow.yaml", ".")
    .option("--port <n>", "port to listen on; 0 for one that is free", wholeNumber, 3000)
    .option("--store <address>", "keep flows and executions there (default: .conductor/dev.db in the folder)")
    .option("--allow-private-addresses", "nodes may connect to addresses that are not public")
    .option("--allow-programs", "nodes may run programs, with all rights of this process")
    .option(
      "--secret-key <file>",
      "file of the key of the secrets, or keychain:NAME (default: one of this user's, for all folders)",
    )
    .addOption(new Option("--child").hideHelp())
    .option("--strict", "take warnings for errors")
    .option("--lenient", "only warn of unknown keys, and of nodes without a type or with nothing inside")
    .option(...LABEL)
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .action(async (folder: string, options) => end(await (await import("./dev.js")).dev(folder, options)));

  backupCommands(program, end);

  program
    .command("login")
    .description("keep the key of a server for --remote: it is asked for, or read from standard input, and checked")
    .argument("<url>", "of the server")
    .action(async (url: string) => {
      const { login } = await import("./login.js");
      end(await login(url));
    });
  program
    .command("logout")
    .description("forget the key of a server")
    .argument("<url>", "of the server")
    .action(async (url: string) => {
      const { logout } = await import("./login.js");
      end(logout(url));
    });

  program
    .command("mcp")
    .description("offer flows as tools of the Model Context Protocol to the program that starts this one")
    .argument(
      "[flow...]",
      "YAML or JSON files of flows; left out with those of a store whose metadata says `tool: true`",
    )
    .option(...STORE)
    .option(...SECRET_KEY)
    .option("--flow <id>", "a flow of the store that is a tool; may be given again", files)
    .option("--strict", "take warnings for errors")
    .option("--lenient", "only warn of unknown keys, and of nodes without a type or with nothing inside")
    .option(...LABEL)
    .option(...NODES)
    .option(...CONFIG)
    .option(...NO_CONFIG)
    .action(async (flows: string[], options) => {
      // Like the server, loaded by those who serve.
      const { mcp } = await import("./mcp.js");
      end(await mcp(flows, options));
    });

  const keys = program.command("keys").description("look after the keys with which callers sign in to a server");
  keys
    .command("add")
    .description("make a key and print it, once")
    .argument("<name>", "what it is for")
    .addOption(new Option("--role <role>", "what it allows").choices(ROLES).makeOptionMandatory())
    .option("--expires <time>", "it is good for so long, such as 90d (default: until it is removed)", milliseconds)
    .option("--flow <id>", "a saved flow that it is for; may be given again (default: all)", files)
    .option(...KEYS)
    .option(...AUDIT)
    .action(async (name: string, options) => end(await addKey(name, options)));
  keys
    .command("list")
    .description("list the keys that there are, without what they are")
    .option("--json", "print JSON")
    .option(...KEYS)
    .action((options) => end(listKeys(options)));
  keys
    .command("remove")
    .description("remove a key; it is good no longer, also for a server that runs")
    .argument("<name>", "of the key")
    .option(...KEYS)
    .option(...AUDIT)
    .action(async (name: string, options) => end(await removeKey(name, options)));
  usersCommands(program, end);

  secretsCommands(program, end);

  program
    .command("schema")
    .description("print the JSON Schema of flow files, for editors")
    .option("--output <file>", "write it to a file")
    .action((options) => end(schema(options)));

  program
    .command("init")
    .description("make a project: a flow, its data, a node type, a test; or the files of a template")
    .argument("[folder]", "a folder that is empty or not there yet; with --template any (default: the current one)")
    .option("--template <name>", "write the flow of this template and what it needs, and no project around it")
    .option("--list-templates", "print the templates that there are; write nothing")
    .action(async (folder: string | undefined, { template, listTemplates: isList }) => {
      if (isList && (template !== undefined || folder !== undefined)) {
        throw new UsageError("--list-templates writes nothing; give it alone");
      }
      if (!isList && template === undefined) return end(init(folder ?? "."));
      // The text of all templates is read by those who ask for one.
      const templates = await import("./init-template.js");
      end(isList ? templates.listTemplates() : templates.initTemplate(template, folder ?? "."));
    });

  return program;
}
