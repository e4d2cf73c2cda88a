/** `conductor run`: runs a flow, shows how it goes, says how it went. */
import { availableParallelism } from "node:os";
import { defaultVariables } from "../api/variables.js";
import {
  type Conductor,
  type ConductorConfig,
  createConductor,
  type ExecutionResult,
  type NodeDefinition,
} from "../exports/node.js";
import { createExecutionId } from "../types/ids.js";
import { type Display, type Output, quietDisplay } from "./display.js";
import { type Exit, Exit as ExitCode, exitOf } from "./exit.js";
import { errorText, reportedError } from "./failure-text.js";
import { openFlow } from "./flow-file.js";
import { jsonText } from "./json.js";
import { liveDisplay } from "./live-display.js";
import { plainDisplay } from "./plain-display.js";
import { openProject, type ProjectOptions } from "./project.js";
import { onInterrupt } from "./signals.js";
import { summary, warningsText } from "./summary.js";
import { oneLine } from "./text.js";
import { TraceFile } from "./trace-file.js";
import { hintsOf, invalidFlowJson, lines, reportProblems } from "./validate.js";

/** Options as commander gives them. */
export interface RunOptions extends ProjectOptions {
  input?: Map<string, unknown>;
  var?: Map<string, unknown>;
  concurrency?: number;
  /** In ms. */
  timeout?: number;
  json?: boolean;
  trace?: string;
  quiet?: boolean;
}

/** Runs the flow in a file. */
export async function run(file: string, options: RunOptions): Promise<Exit> {
  const project = await openProject(file, options);
  const opened = await openFlow(file, project.nodes);
  const { flow, problems } = opened;
  if (flow === undefined || problems.length > 0) {
    reportProblems(process.stderr, opened);
    if (options.json) process.stdout.write(`${jsonText(invalidFlowJson(opened), 2)}\n`);
    return ExitCode.invalidFlow;
  }
  // The conductor tells the warnings itself.
  if (!options.quiet) process.stderr.write(lines(hintsOf(opened)));
  const traceFile = options.trace === undefined ? undefined : new TraceFile(options.trace);
  const conductor = createConductor({ ...project.settings, ...settingsOf(flow, options, project.settings) });
  const title = oneLine(flow.name ?? flow.id);
  // With --json, standard output is for the document alone.
  const output: Output = options.json ? process.stderr : process.stdout;
  const result = await followed(conductor, flow, options, displayFor(output, title, options));
  const exit = report(conductor, flow, title, result, options, output);
  traceFile?.write(result.trace);
  return exit;
}

async function followed(
  conductor: Conductor,
  flow: NodeDefinition,
  options: RunOptions,
  display: Display,
): Promise<ExecutionResult> {
  const executionId = createExecutionId();
  conductor.events.onProgress((state) => display.show(state));
  const release = onInterrupt(
    (signal) => {
      display.note(`Cancelling after ${signal}; once more to stop at once`);
      void conductor.node.cancel(executionId);
    },
    () => display.end(),
  );
  try {
    return await conductor.node.run(flow, {
      executionId,
      variables: Object.fromEntries([...defaultVariables(flow), ...(options.var ?? [])]),
      ...(options.input !== undefined && { input: Object.fromEntries(options.input) }),
    });
  } finally {
    release();
    display.end();
  }
}

function report(
  conductor: Conductor,
  flow: NodeDefinition,
  title: string,
  result: ExecutionResult,
  options: RunOptions,
  output: Output,
): Exit {
  const state = conductor.node.store.getState();
  if (!options.quiet) output.write(summary(title, result, state, output.columns || 80));
  if (!options.quiet && result.warnings !== undefined) output.write(warningsText(result.warnings));
  const error = result.error === undefined ? undefined : reportedError(result.error, flow, state);
  if (error !== undefined) process.stderr.write(`${options.quiet ? "" : "\n"}${errorText(error)}\n`);
  if (options.json) {
    const { success, data, duration, executedNodes, outputs, warnings } = result;
    process.stdout.write(`${documentText({ success, data, error, duration, executedNodes, outputs, warnings })}\n`);
  }
  return exitOf(result);
}

/** Where nothing says how many nodes may run at once, as many as the machine has processors for. */
function settingsOf(flow: NodeDefinition, { concurrency, timeout }: RunOptions, settings: ConductorConfig) {
  const runtime = (flow.settings as { runtime?: { parallel?: unknown } } | undefined)?.runtime;
  const isSaid = runtime?.parallel !== undefined || process.env.CONDUCTOR_CONCURRENCY !== undefined;
  const nodes = concurrency ?? settings.concurrency ?? (isSaid ? undefined : availableParallelism());
  return { ...(nodes !== undefined && { concurrency: nodes }), ...(timeout !== undefined && { timeout }) };
}

function displayFor(output: Output, title: string, { quiet }: RunOptions): Display {
  if (quiet) return quietDisplay(process.stderr);
  return output.isTTY ? liveDisplay(output, title) : plainDisplay(output);
}

/** A result whose values refuse to be written still makes one document. */
function documentText(document: object): string {
  try {
    return jsonText(document, 2);
  } catch (error) {
    const message = `The values cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`;
    process.stderr.write(`${oneLine(message)}\n`);
    return jsonText({ ...document, data: null, outputs: null }, 2);
  }
}
