/** `conductor graph`: the shape of a flow. */

import { analyseFlow, type FlowAnalysis } from "../exports/node.js";
import pc from "./colour.js";
import { Exit } from "./exit.js";
import { openFlow } from "./flow-file.js";
import { jsonText } from "./json.js";
import { mermaid } from "./mermaid.js";
import { openProject, type ProjectOptions } from "./project.js";
import { counted, oneLine } from "./text.js";
import { reportProblems } from "./validate.js";

type Shape = Pick<
  FlowAnalysis,
  "executionOrder" | "criticalPath" | "criticalPathWeight" | "totalWeight" | "maxParallelism"
>;

/** Prints levels, critical path, weights and parallelism of a flow and of each group in it. */
export async function graph(
  file: string,
  options: { mermaid?: boolean; json?: boolean } & ProjectOptions,
): Promise<Exit> {
  const { nodes } = await openProject(file, options);
  const opened = await openFlow(file, { nodes });
  const { flow, problems } = opened;
  if (flow === undefined || problems.length > 0) {
    reportProblems(process.stderr, opened);
    return Exit.invalidFlow;
  }
  const analysis = analyseFlow(flow);
  if (options.mermaid) process.stdout.write(mermaid(flow, analysis));
  else if (options.json) process.stdout.write(`${jsonText({ id: flow.id, ...analysis }, 2)}\n`);
  else process.stdout.write(`${shapeText(oneLine(flow.name ?? flow.id), analysis)}\n`);
  return Exit.success;
}

function shapeText(title: string, analysis: FlowAnalysis): string {
  const weights = new Map(analysis.nodes.map(({ id, weight }) => [id, weight]));
  const label = (id: string) => {
    const weight = weights.get(id);
    return weight === undefined ? oneLine(id) : `${oneLine(id)} ${pc.dim(`(${weight})`)}`;
  };
  const lines = [
    `${pc.bold(title)}: ${counted(analysis.nodes.length, "node")}, ${analysis.size} with those in groups and the flow itself`,
    ...shapeLines(analysis, label),
  ];
  for (const [path, shape] of analysis.groups) {
    lines.push("", pc.bold(`group ${oneLine(path)}`), ...shapeLines(shape, oneLine));
  }
  return lines.join("\n");
}

function shapeLines(shape: Shape, label: (id: string) => string): string[] {
  const { executionOrder, criticalPath, criticalPathWeight, totalWeight, maxParallelism } = shape;
  return [
    ...executionOrder.map((ids, level) => `  level ${level}        ${ids.map(label).join(", ")}`),
    `  critical path  ${pc.yellow(criticalPath.map(oneLine).join(" → "))} ${pc.dim(`(weight ${criticalPathWeight} of ${totalWeight})`)}`,
    `  at once        ${maxParallelism} at most`,
  ];
}
