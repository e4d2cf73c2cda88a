/** `conductor run`: runs a flow, shows how it goes, says how it went. */

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { ExecutionStore, StoredExecution } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";
import { defaultVariables } from "../api/variables.js";
import { createNodeConductor } from "../exports/environment/node.js";
import type { ConductorConfig, ExecutionResult, NodeDefinition } from "../exports/node.js";
import type { ExecutionGraphState } from "../types/graph.js";
import { createExecutionId } from "../types/ids.js";
import { type Display, type Output, quietDisplay } from "./display.js";
import { dryRunText } from "./dry-run.js";
import { type Exit, Exit as ExitCode, exitOf, UsageError } from "./exit.js";
import { errorText, reportedError } from "./failure-text.js";
import { openFlow, type Strictness } from "./flow-file.js";
import { followed } from "./followed.js";
import { givenVariables, unusedVariables } from "./given-variables.js";
import { jsonText } from "./json.js";
import { KeptOutputs } from "./kept-outputs.js";
import { openKeptStore, storeOption, tellUnfinished } from "./kept-store.js";
import { type OutputFormat, outputText } from "./node-output.js";
import { plainDisplay } from "./plain-display.js";
import { openProject, type Project, type ProjectOptions } from "./project.js";
import type { RemoteOptions } from "./remote.js";
import { demandStore, type SecretKeyOptions, storedSecrets } from "./secret-source.js";
import { cyclesOf, withSubFlows } from "./sub-flow-files.js";
import { summary, warningsText } from "./summary.js";
import { counted, oneLine, timeText } from "./text.js";
import { TraceFile } from "./trace-file.js";
import { hintsOf, invalidFlowJson, isToldBefore, lines, reportProblems, reportWarnings } from "./validate.js";
import { FileWatch } from "./watch.js";

/** Options as commander gives them. */
export interface RunOptions extends Strictness, ProjectOptions, RemoteOptions, SecretKeyOptions {
  input?: Map<string, unknown>;
  /** As they are written. */
  var?: Map<string, string>;
  /** Answers to what nodes ask people, by their ids. */
  answer?: Map<string, unknown>;
  concurrency?: number;
  /** In ms. */
  timeout?: number;
  json?: boolean;
  trace?: string;
  quiet?: boolean;
  verbose?: boolean;
  /** The id of the node whose output is printed. */
  output?: string;
  format?: OutputFormat;
  dryRun?: boolean;
  watch?: boolean;
  /** The address of the store that keeps the execution. */
  store?: string;
  /** Whether outputs are taken again: those of all nodes without effects, or none; missing where settings and nodes say. */
  cache?: boolean;
  /** The id of the execution. */
  id?: string;
  /** The id of an execution in the store that goes on, in the place of a flow. */
  resume?: string;
}

/** Runs the flow in a file, with `--watch` again and again; with `--resume` the flow that an execution began with. */
export async function run(file: string | undefined, options: RunOptions): Promise<Exit> {
  if (options.quiet && options.verbose) throw new UsageError("--quiet and --verbose are opposites; give one of them");
  if (options.json && options.output !== undefined) {
    throw new UsageError("--json and --output both print to standard output; give one of them");
  }
  if (options.format !== undefined && options.output === undefined) {
    throw new UsageError("--format says how --output NODE is printed; name the node");
  }
  if (options.remote !== undefined) {
    const { runRemote } = await import("./remote-run.js");
    return runRemote(file, { ...options, remote: options.remote });
  }
  if (options.keyFile !== undefined) throw new UsageError("--key-file is for a server; give --remote URL as well");
  if (options.watch && (options.store !== undefined || options.id !== undefined)) {
    throw new UsageError("--watch runs for a person who looks on, and keeps no executions; leave --store and --id out");
  }
  if (options.resume !== undefined) {
    const useless = (["input", "var", "concurrency", "timeout", "id", "dryRun", "watch"] as const).find(
      (name) => options[name] !== undefined,
    );
    if (file !== undefined || useless !== undefined) {
      const found = file === undefined ? `--${useless === "dryRun" ? "dry-run" : useless}` : oneLine(file);
      throw new UsageError(
        `--resume goes on with an execution as it began, flow and settings included; leave ${found} out`,
      );
    }
    return resumeOnce(options.resume, options);
  }
  if (file === undefined) throw new UsageError("Name the flow to run: a file, or - for standard input");
  if (!options.watch) return runOnce(file, options);
  if (file === "-") throw new UsageError("--watch needs a file: standard input does not change");
  if (options.dryRun) throw new UsageError("--dry-run runs nothing that --watch could run again");
  return runAgain(file, options);
}

/** Runs it now and whenever its file, or one that it reads, has changed; until it is interrupted. */
async function runAgain(file: string, options: RunOptions): Promise<Exit> {
  const kept = new KeptOutputs();
  const files = new FileWatch();
  let exit: Exit = ExitCode.success;
  let isOver = false;
  let isRunning = false;
  // A run is interrupted by its display; a wait for files, here.
  const end = () => {
    if (isRunning) return;
    isOver = true;
    files.close();
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  while (!isOver) {
    let read: string[] = [];
    files.follow([resolve(file)]);
    try {
      exit = await runOnce(file, options, kept, (flow) => {
        read = KeptOutputs.filesOf(flow);
        files.follow([resolve(file), ...read]);
        isRunning = true;
      });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      process.stderr.write(`${error.message}\n`);
      exit = ExitCode.usage;
    } finally {
      isRunning = false;
    }
    if (exit === ExitCode.cancelled || isOver) break;
    if (!options.quiet) {
      process.stderr.write(`\nWaiting for changes of ${counted(1 + read.length, "file")}; Ctrl-C ends it\n`);
    }
    const changed = await files.next();
    if (changed !== undefined && !options.quiet) process.stderr.write(`${oneLine(changed)} has changed\n\n`);
  }
  process.off("SIGINT", end).off("SIGTERM", end);
  files.close();
  return exit;
}

/** `begins` is told of the flow before it runs. */
async function runOnce(
  file: string,
  options: RunOptions,
  kept?: KeptOutputs,
  begins?: (flow: NodeDefinition) => void,
): Promise<Exit> {
  const project = await openProject(file, options);
  const { files, labels = [] } = project.settings;
  // A run is refused by the conductor; what would run is only told.
  const facts = { ...options, nodes: project.nodes, files, ...(options.dryRun && { labels }) };
  const opened = await openFlow(file, facts);
  const { flow } = opened;
  const all = await withSubFlows([{ entry: opened, options: facts }]);
  const wrong = all.filter(({ problems }) => problems.length > 0);
  const [first] = wrong;
  if (flow === undefined || first !== undefined) {
    for (const entry of wrong) reportProblems(process.stderr, entry);
    if (options.json) process.stdout.write(`${jsonText(invalidFlowJson(first ?? opened), 2)}\n`);
    return ExitCode.invalidFlow;
  }
  if (!options.quiet) {
    for (const entry of all) reportWarnings(process.stderr, entry === opened ? opened : cyclesOf(entry));
    process.stderr.write(lines(hintsOf(opened)));
  }
  const traceFile = options.trace === undefined ? undefined : new TraceFile(options.trace);
  if (options.dryRun) {
    const variables = new Map([...defaultVariables(flow), ...Object.entries(givenVariables(flow, options.var))]);
    process.stdout.write(dryRunText(flow, { input: options.input ?? new Map(), variables }));
    return ExitCode.success;
  }
  const address = options.store ?? project.settings.store;
  if (options.id !== undefined && address === undefined) {
    throw new UsageError("--id names an execution in a store; give --store sqlite:PATH as well");
  }
  demandStore(address, options);
  const keptStore = address === undefined ? undefined : await openKeptStore(address);
  try {
    const executionId = createExecutionId(options.id);
    return await carryOut(flow, executionId, options, project, keptStore?.store, traceFile, kept, begins);
  } finally {
    await keptStore?.close();
  }
}

/** Goes on with an execution of the store, whose flow is shown as it runs. */
async function resumeOnce(id: string, options: RunOptions): Promise<Exit> {
  const project = await openProject(undefined, options);
  const address = options.store ?? project.settings.store;
  if (address === undefined) {
    throw new UsageError("--resume names an execution in a store; give --store sqlite:PATH as well");
  }
  const { store, close } = await openKeptStore(address, true);
  try {
    const row = await store.get(id);
    const begun = await store.begun(id);
    if (row === undefined || begun === undefined)
      throw new UsageError(`There is no execution ${oneLine(id)} in the store`);
    if (row.endedAt !== undefined) {
      const how = `conductor executions show ${oneLine(id)}`;
      throw new UsageError(`The execution ${oneLine(id)} is over: ${row.status}. \`${how}\` tells more`);
    }
    const flow = JSON.parse(begun.document) as NodeDefinition;
    const traceFile = options.trace === undefined ? undefined : new TraceFile(options.trace);
    return await carryOut(flow, createExecutionId(id), options, project, store, traceFile);
  } finally {
    await close();
  }
}

async function carryOut(
  flow: NodeDefinition,
  executionId: string,
  options: RunOptions,
  project: Project,
  store: ExecutionStore | undefined,
  traceFile: TraceFile | undefined,
  kept?: KeptOutputs,
  begins?: (flow: NodeDefinition) => void,
): Promise<Exit> {
  if (options.output !== undefined) demandNode(flow, options.output, "--output");
  for (const node of options.answer?.keys() ?? []) demandNode(flow, node, "--answer");
  begins?.(flow);
  const { expressions, files } = project.settings;
  const variables = options.resume === undefined ? givenVariables(flow, options.var) : {};
  kept?.begin(flow, [[...(options.input ?? [])], variables, expressions, files]);
  const conductor = createNodeConductor(
    {
      ...project.settings,
      ...settingsOf(flow, options, project.settings),
      // What others put to sleep is not for a process that ends with this run.
      ...(store !== undefined && {
        ...storedSecrets(project.settings, store, options).asked,
        store,
        wakes: "own" as const,
      }),
      ...(options.cache !== undefined && { cache: options.cache && pureCache(project.settings.cache) }),
    },
    () => "local",
    kept && ((executables) => kept.over(executables)),
  );
  const known = store === undefined || options.id === undefined ? undefined : await store.get(executionId);
  if (known !== undefined && !options.quiet) process.stderr.write(`${knownText(known)}\n`);
  const title = oneLine(flow.name ?? flow.id);
  // With --json or --output, standard output is for that alone.
  const output: Output = options.json || options.output !== undefined ? process.stderr : process.stdout;
  const display = await displayFor(output, title, options);
  const begin = () =>
    options.resume === undefined
      ? conductor.node.run(flow, {
          executionId,
          variables,
          ...(options.input !== undefined && { input: Object.fromEntries(options.input) }),
        })
      : conductor.executions.resume(executionId);
  const where = storeOption(options.store ?? project.settings.store);
  const asked = { display, answers: options.answer, isKept: store !== undefined, where };
  const end = await followed(conductor, executionId, begin, asked);
  if (end === undefined) return ExitCode.usage;
  const { result, unanswered } = end;
  const isNew = options.resume !== undefined;
  const reported = report(conductor, flow, title, result, options, output, { isNew });
  for (const why of unanswered) process.stderr.write(`${why}\n`);
  const unused = [
    ...end.unused.map((node) => unusedText(node, flow)),
    ...unusedVariables(flow, options.var?.keys() ?? []),
  ];
  if (!options.quiet || options.strict) process.stderr.write(unused.join(""));
  const isUsage = unanswered.length > 0 || (options.strict && result.success && unused.length > 0);
  const exit = isUsage ? ExitCode.usage : reported;
  if (kept !== undefined && kept.reused > 0 && !options.quiet) {
    output.write(
      `\n${counted(kept.reused, "node")} did not change and kept ${kept.reused === 1 ? "its output" : "their outputs"}\n`,
    );
  }
  if (options.output !== undefined) printOutput(result, options.output, options.format ?? "json");
  traceFile?.write(result.trace);
  if (store !== undefined || project.settings.cache !== undefined) await conductor.shutdown();
  if (store !== undefined && !options.quiet) await tellUnfinished(store);
  return exit;
}

/** What becomes of an execution that is in the store already. */
function knownText({ id, status, startedAt, endedAt }: StoredExecution): string {
  const name = `The execution ${oneLine(id)}`;
  if (endedAt !== undefined) return `${name} ${status} at ${timeText(endedAt)}: nothing is run, this is what it gave`;
  return `${name} began at ${timeText(startedAt)} and goes on`;
}

/** Where the states of an execution are. */
interface Shown {
  node: { store: { getState(): ExecutionGraphState } };
}

/**
 * Says how an execution ended. `facts`: what the document of `--json` has beside the result. `isNew`: whether its flow was not
 * looked at here before it began.
 */
export function report(
  conductor: Shown,
  flow: NodeDefinition,
  title: string,
  result: ExecutionResult,
  options: Pick<RunOptions, "quiet" | "verbose" | "json" | "strict">,
  output: Output,
  { facts = {}, isNew = false }: { facts?: object; isNew?: boolean } = {},
): Exit {
  const state = conductor.node.store.getState();
  if (!options.quiet) output.write(summary(title, result, state, output.columns || 80, options.verbose));
  const told =
    result.warnings?.filter(
      // Of variables that the flow does not have the command line tells itself.
      (warning) => warning.rule !== "undeclared-variable" && (isNew || !isToldBefore(warning)),
    ) ?? [];
  if (told.length > 0 && (options.strict || !options.quiet)) {
    (options.quiet ? process.stderr : output).write(warningsText(told));
  }
  const error = result.error === undefined ? undefined : reportedError(result.error, flow, state);
  if (error !== undefined) process.stderr.write(`${options.quiet ? "" : "\n"}${errorText(error)}\n`);
  if (options.json) {
    const { success, data, duration, executedNodes, outputs, warnings } = result;
    const document = { ...facts, success, data, error, duration, executedNodes, outputs, warnings };
    process.stdout.write(`${documentText(document)}\n`);
  }
  return options.strict && result.success && told.length > 0 ? ExitCode.invalidFlow : exitOf(result);
}

/** Where nothing says how many nodes may run at once, as many as the machine has processors for. */
function settingsOf(flow: NodeDefinition, { concurrency, timeout }: RunOptions, settings: ConductorConfig) {
  const runtime = (flow.settings as { runtime?: { parallel?: unknown } } | undefined)?.runtime;
  const isSaid = runtime?.parallel !== undefined || process.env.CONDUCTOR_CONCURRENCY !== undefined;
  const nodes = concurrency ?? settings.concurrency ?? (isSaid ? undefined : availableParallelism());
  return { ...(nodes !== undefined && { concurrency: nodes }), ...(timeout !== undefined && { timeout }) };
}

/** The cache of the settings, for all nodes without effects. */
function pureCache(cache: ConductorConfig["cache"]): NonNullable<ConductorConfig["cache"]> {
  if (typeof cache !== "object") return { nodes: "pure" };
  return "find" in cache ? { in: cache, nodes: "pure" } : { ...cache, nodes: "pure" };
}

/** The display that fits an output and what was asked for. */
export async function displayFor(
  output: Output,
  title: string,
  { quiet, verbose }: Pick<RunOptions, "quiet" | "verbose">,
): Promise<Display> {
  if (quiet) return quietDisplay(process.stderr);
  if (!output.isTTY || verbose) return plainDisplay(output, verbose);
  // What draws takes a while to load.
  const { liveDisplay } = await import("./live-display.js");
  return liveDisplay(output, title);
}

/** @throws UsageError where the flow has no such node */
export function demandNode(flow: NodeDefinition, id: string, option: string): void {
  const ids = idsIn(flow);
  if (ids.includes(id)) return;
  const listed = ids.slice(0, MOST_NAMED).map(oneLine).join(", ");
  const more = ids.length > MOST_NAMED ? `, and ${ids.length - MOST_NAMED} more` : "";
  throw new UsageError(`The flow has no node "${oneLine(id)}" for ${option}; it has ${listed}${more}`);
}

/** Says that an answer was given and nothing asked for it. */
export function unusedText(node: string, flow: NodeDefinition): string {
  const asking = nodesIn(flow).filter(({ type }) => type === "wait-for-input");
  const names = asking.slice(0, MOST_NAMED).map(({ id }) => oneLine(id));
  const more = asking.length > MOST_NAMED ? `, and ${asking.length - MOST_NAMED} more` : "";
  const isAsking = asking.some(({ id }) => id === node);
  const why = isAsking
    ? "the run did not come to its question"
    : names.length === 0
      ? "the flow has no node of type wait-for-input"
      : `nodes of type wait-for-input ask, here ${names.join(", ")}${more}`;
  return `--answer ${oneLine(node)} was not used: the node never asked; ${why}\n`;
}

const MOST_NAMED = 20;

function idsIn(flow: NodeDefinition): string[] {
  return nodesIn(flow).map(({ id }) => id);
}

/** The nodes of a flow and of the groups in it; a flow without any is its own. */
function nodesIn(flow: NodeDefinition): NodeDefinition[] {
  if (flow.nodes === undefined || flow.nodes.length === 0) return [flow];
  return flow.nodes.flatMap((node) => [node, ...((node.nodes ?? []).length > 0 ? nodesIn(node) : [])]);
}

export function printOutput({ outputs = {} }: ExecutionResult, id: string, format: OutputFormat): void {
  if (Object.hasOwn(outputs, id)) {
    process.stdout.write(outputText(outputs[id], format));
    return;
  }
  process.stderr.write(`Node "${oneLine(id)}" left no output: it did not run to its end, or runs within a loop\n`);
}

/** A result whose values refuse to be written still makes one document. */
function documentText(document: object): string {
  try {
    return jsonText(document, 2);
  } catch (error) {
    const message = `The values cannot be written as JSON: ${messageOf(error)}`;
    process.stderr.write(`${oneLine(message)}\n`);
    return jsonText({ ...document, data: null, outputs: null }, 2);
  }
}
