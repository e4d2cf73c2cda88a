/** `conductor executions fork`: begins a new execution from an old one, shows it as `conductor run` does. */
import { InvalidArgumentError } from "commander";

import type { NodeDefinition } from "../exports/node.js";
import type { ForkChanges } from "../types/fork.js";
import { createExecutionId } from "../types/ids.js";
import { assignment } from "./assignment.js";
import type { Output } from "./display.js";
import { Exit } from "./exit.js";
import { openFlow } from "./flow-file.js";
import { followed } from "./followed.js";
import { givenVariables, unusedVariables } from "./given-variables.js";
import { jsonText } from "./json.js";
import { storeOption } from "./kept-store.js";
import type { Project } from "./project.js";
import { remoteView } from "./remote-view.js";
import { displayFor, report, unusedText } from "./run.js";
import { oneLine } from "./text.js";
import { invalidFlowJson, reportProblems } from "./validate.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Options as commander gives them. */
export interface ForkOptions extends StoreOptions {
  from?: string[];
  fromStep?: number;
  /** By loop. */
  fromRound?: Map<string, unknown>;
  /** Parameters by node and name. */
  param?: Record<string, Record<string, unknown>>;
  input?: Map<string, unknown>;
  /** As they are written. */
  var?: Map<string, string>;
  /** A file with the edited flow. */
  flow?: string;
  /** Of the new execution. */
  id?: string;
  answer?: Map<string, unknown>;
  concurrency?: number;
  /** In ms. */
  timeout?: number;
  quiet?: boolean;
  verbose?: boolean;
}

/** Forks an execution and ends when the new one is over. */
export async function forkExecution(id: string, options: ForkOptions): Promise<Exit> {
  const { concurrency, timeout } = options;
  const wanted = { ...(concurrency !== undefined && { concurrency }), ...(timeout !== undefined && { timeout }) };
  return withStore(
    options,
    async (conductor, project) => {
      const flow = options.flow === undefined ? undefined : await editedFlow(options.flow, project, options);
      if (flow === null) return Exit.invalidFlow;
      const begun = flow ?? (await conductor.executions.replay(id)).flow;
      const executionId = createExecutionId(options.id);
      // A changed parameter may be the only one that reads a variable.
      const asChanged: NodeDefinition = { ...begun, changes: options.param };
      const changes = changesOf(options, asChanged, flow, executionId);
      const title = oneLine(begun.name ?? begun.id);
      const output: Output = options.json ? process.stderr : process.stdout;
      const display = await displayFor(output, title, options);
      const begin = async () => {
        await conductor.executions.fork(id, changes);
        return conductor.executions.result(executionId);
      };
      const shown = options.remote === undefined ? conductor : remoteView(conductor);
      const { remote, store = project.settings.store } = options;
      const where = remote === undefined ? storeOption(store) : `--remote ${remote}`;
      const following = { display, answers: options.answer, isKept: true, where };
      const end = await followed(shown, executionId, begin, following);
      if (end === undefined) return Exit.usage;
      const { result, unanswered, unused } = end;
      const facts = { executionId, forkOf: id, reused: result.reused ?? [] };
      const reported = report(shown, begun, title, result, options, output, { facts });
      for (const why of unanswered) process.stderr.write(`${why}\n`);
      if (!options.json)
        output.write(`${options.quiet ? "" : "\n"}${oneLine(executionId)} is a fork of ${oneLine(id)}\n`);
      process.stderr.write(unusedVariables(asChanged, options.var?.keys() ?? []).join(""));
      process.stderr.write(unused.map((node) => unusedText(node, begun)).join(""));
      return unanswered.length > 0 ? Exit.usage : reported;
    },
    { wanted },
  );
}

function changesOf(
  { from, fromStep, fromRound, param, input, var: variables }: ForkOptions,
  asChanged: NodeDefinition,
  flow: NodeDefinition | undefined,
  executionId: string,
): ForkChanges {
  return {
    executionId,
    ...(from !== undefined && { from }),
    ...(fromStep !== undefined && { fromStep }),
    // What is no number is refused with what is allowed.
    ...(fromRound !== undefined && { fromRound: Object.fromEntries(fromRound) as Record<string, number> }),
    ...(param !== undefined && { parameters: param }),
    ...(input !== undefined && { input: Object.fromEntries(input) }),
    ...(variables !== undefined && { variables: givenVariables(asChanged, variables, { isPart: true }) }),
    ...(flow !== undefined && { flow }),
  };
}

/** The flow in a file; `null` for one that cannot be run, after it was said why. */
async function editedFlow(file: string, { nodes, settings }: Project, { json }: ForkOptions) {
  const opened = await openFlow(file, { nodes, files: settings.files });
  if (opened.flow !== undefined && opened.problems.length === 0) return opened.flow;
  reportProblems(process.stderr, opened);
  if (json) process.stdout.write(`${jsonText(invalidFlowJson(opened), 2)}\n`);
  return null;
}

/** Adds `node.key=value` to those before it: the key is what stands behind the last dot. */
export function parameterOf(
  text: string,
  before: Record<string, Record<string, unknown>> = {},
): Record<string, Record<string, unknown>> {
  const [[name, value] = ["", undefined]] = assignment(text);
  const at = name.lastIndexOf(".");
  if (at < 1 || at === name.length - 1) throw new InvalidArgumentError("Expected node.key=value.");
  const [node, key] = [name.slice(0, at), name.slice(at + 1)];
  return { ...before, [node]: { ...before[node], [key]: value } };
}
