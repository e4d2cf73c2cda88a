/** `conductor run --remote`: runs a flow at a server, and shows it as one that runs here. */
import { statSync } from "node:fs";
import { forEachLimited } from "@atomiton/values";
import type { Conductor, ExecutionResult, NodeDefinition } from "../exports/node.js";
import type { ExecutionError } from "../types/errors.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { Output } from "./display.js";
import { Exit, UsageError } from "./exit.js";
import { openFlow } from "./flow-file.js";
import { followed } from "./followed.js";
import { givenVariables, unusedVariables } from "./given-variables.js";
import { jsonText } from "./json.js";
import { openProject } from "./project.js";
import { type RemoteOptions, withRemote } from "./remote.js";
import { remoteView } from "./remote-view.js";
import { demandNode, displayFor, printOutput, type RunOptions, report, unusedText } from "./run.js";
import { oneLine } from "./text.js";
import { TraceFile } from "./trace-file.js";
import { invalidFlowJson, reportProblems, reportWarnings } from "./validate.js";
import { telling } from "./with-store.js";

/** Options of `conductor run` that only a process has that runs the flow itself. */
const ONLY_HERE = ["store", "resume", "watch", "dryRun", "cache", "secretKey", "label"] as const;

/** A flow, and how it is run at the server. */
interface RemoteFlow {
  flow: NodeDefinition;
  /** Whether it is sent; else the server has it. */
  isSent: boolean;
}

/** Values that are asked for at once. */
const AT_ONCE = 16;

/** Runs the flow in a file, or the one that the server has under this id. */
export async function runRemote(
  name: string | undefined,
  options: RunOptions & RemoteOptions & { remote: string },
): Promise<Exit> {
  const useless = ONLY_HERE.find((option) => options[option] !== undefined);
  if (useless !== undefined) {
    const written =
      useless === "cache" && options.cache === false
        ? "no-cache"
        : useless.replace(/[A-Z]/, (c) => `-${c.toLowerCase()}`);
    throw new UsageError(`--${written} is of use where the flow runs here; leave it out with --remote`);
  }
  if (name === undefined) throw new UsageError("Name the flow to run: a file, or the id of a flow of the server");
  const ofFiles = (["nodes", "lenient"] as const).find((option) => options[option] !== undefined);
  if (!isFile(name) && ofFiles !== undefined) {
    throw new UsageError(
      `--${ofFiles} is about the flow in a file, and ${oneLine(name)} is one of the server; leave it out`,
    );
  }
  const sent = isFile(name) ? await fileToSend(name, options) : undefined;
  if (sent === null) return Exit.invalidFlow;
  const traceFile = options.trace === undefined ? undefined : new TraceFile(options.trace);
  return telling(() =>
    withRemote(options, async ({ apiUrl, conductor }) => {
      const flow = sent ?? (await flowOf(conductor, name));
      return carryOut({ flow, isSent: sent !== undefined }, conductor, apiUrl, options, traceFile);
    }),
  );
}

async function carryOut(
  { flow, isSent }: RemoteFlow,
  conductor: Conductor,
  apiUrl: string,
  options: RunOptions,
  traceFile: TraceFile | undefined,
): Promise<Exit> {
  if (options.output !== undefined) demandNode(flow, options.output, "--output");
  for (const node of options.answer?.keys() ?? []) demandNode(flow, node, "--answer");
  const executionId = createExecutionId(options.id);
  const title = oneLine(flow.name ?? flow.id);
  const output: Output = options.json || options.output !== undefined ? process.stderr : process.stdout;
  const shown = remoteView(conductor);
  const variables = givenVariables(flow, options.var);
  const begin = () => (isSent ? sendFlow : askForFlow)(conductor, flow, executionId, { ...options, variables });
  const following = { display: await displayFor(output, title, options), answers: options.answer, isKept: true };
  const end = await followed(shown, executionId, begin, { ...following, where: `--remote ${apiUrl}` });
  if (end === undefined) return Exit.usage;
  const { unanswered } = end;
  const wanted = options.output !== undefined ? [options.output] : options.json ? (end.result.executedNodes ?? []) : [];
  const result = await withOutputs(conductor, executionId, end.result, wanted);
  const reported = report(shown, flow, title, result, options, output, { facts: { executionId }, isNew: !isSent });
  for (const why of unanswered) process.stderr.write(`${why}\n`);
  const unused = [
    ...end.unused.map((node) => unusedText(node, flow)),
    ...unusedVariables(flow, options.var?.keys() ?? []),
  ];
  if (!options.quiet || options.strict) process.stderr.write(unused.join(""));
  if (options.output !== undefined) printOutput(result, options.output, options.format ?? "json");
  if (traceFile !== undefined) traceFile.write(result.trace ?? (await traceOf(conductor, executionId)));
  const isUsage = unanswered.length > 0 || (options.strict && result.success && unused.length > 0);
  return isUsage ? Exit.usage : reported;
}

/** The trace that the server keeps; `undefined` where it has none, after it was said why. */
async function traceOf({ executions }: Conductor, executionId: string) {
  try {
    return await executions.trace(executionId);
  } catch (error) {
    process.stderr.write(`There is no trace: ${oneLine((error as Error).message)}\n`);
    return undefined;
  }
}

/** What a flow is given. */
type Given = RunOptions & { variables: Record<string, unknown> };

/** Sends a flow; limits are settings of the flow, since the server knows no others for it. */
async function sendFlow(
  conductor: Conductor,
  flow: NodeDefinition,
  executionId: string,
  { input, variables, timeout, concurrency }: Given,
): Promise<ExecutionResult> {
  const runtime = {
    ...(timeout !== undefined && { timeout }),
    ...(concurrency !== undefined && { parallel: concurrency }),
  };
  const settings = flow.settings as { runtime?: object } | undefined;
  const limited =
    Object.keys(runtime).length === 0
      ? flow
      : { ...flow, settings: { ...settings, runtime: { ...settings?.runtime, ...runtime } } };
  return conductor.node.run(limited, {
    executionId,
    variables,
    ...(input !== undefined && { input: Object.fromEntries(input) }),
  });
}

/** Asks the server to run a flow that it has. */
async function askForFlow(
  conductor: Conductor,
  flow: NodeDefinition,
  executionId: string,
  { input, variables, timeout, concurrency }: Given,
): Promise<ExecutionResult> {
  const request: ExecutionRequest = {
    flowId: flow.id,
    ...(input !== undefined && { inputs: Object.fromEntries(input) }),
    context: { executionId, variables },
    ...(timeout !== undefined && { options: { timeout } }),
    ...(concurrency !== undefined && { config: { parallel: concurrency } }),
  };
  return resultOf(await conductor.execute(request));
}

function resultOf({ success, data, outputs, error = "", metadata }: RequestResult): ExecutionResult {
  const { duration, executedNodes, warnings } = metadata ?? {};
  const facts = { ...(duration !== undefined && { duration }), ...(executedNodes && { executedNodes }) };
  const known = { success, ...facts, ...(warnings && { warnings }), ...(outputs && { outputs }) };
  if (success) return { ...known, data };
  const why: ExecutionError = metadata?.error ?? { code: "EXECUTION_FAILED", message: error, timestamp: new Date() };
  return { ...known, error: why };
}

/** The result with the outputs of some nodes, which the answer to a flow that was sent does not have. */
async function withOutputs(
  { executions }: Conductor,
  executionId: string,
  result: ExecutionResult,
  nodes: readonly string[],
): Promise<ExecutionResult> {
  if (result.outputs !== undefined || nodes.length === 0) return result;
  const outputs: Record<string, unknown> = {};
  await forEachLimited(nodes, AT_ONCE, async (node) => {
    // A server without a store has none; a node in a loop has no single one.
    const value = await executions.value(executionId, node).catch(() => undefined);
    if (value !== undefined) outputs[node] = value;
  });
  return { ...result, outputs };
}

/** The flow that the server has under an id. Throws UsageError where it has no such flow. */
async function flowOf({ storage, flow }: Conductor, id: string): Promise<NodeDefinition> {
  try {
    return await storage.loadFlow(id);
  } catch (error) {
    const template = await flow.getTemplate(id).catch(() => undefined);
    if (template !== undefined) return template.definition;
    throw new UsageError(
      `There is no file and no flow of the server with the name ${oneLine(id)}: ${oneLine((error as Error).message)}`,
    );
  }
}

/** The flow in a file; `null` for one that cannot be run, after it was said why. Which types there are the server knows. */
async function fileToSend(file: string, options: RunOptions): Promise<NodeDefinition | null> {
  const { nodes, settings } = await openProject(file, options);
  const opened = await openFlow(file, { ...options, nodes, files: settings.files });
  const problems = opened.problems.filter(({ rule }) => rule !== "unknown-type");
  if (opened.flow !== undefined && problems.length === 0) {
    if (!options.quiet) reportWarnings(process.stderr, opened);
    return opened.flow;
  }
  reportProblems(process.stderr, { ...opened, problems });
  if (options.json) process.stdout.write(`${jsonText(invalidFlowJson({ ...opened, problems }), 2)}\n`);
  return null;
}

const FLOW_FILE = /\.(?:ya?ml|json)$/i;

/** Whether this names a file, also one that is not there. */
function isFile(name: string): boolean {
  if (name === "-" || FLOW_FILE.test(name)) return true;
  return statSync(name, { throwIfNoEntry: false })?.isFile() === true;
}
