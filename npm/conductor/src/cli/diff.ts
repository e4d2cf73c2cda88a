/** `conductor executions diff`: what two executions differ in, for a person or as JSON. */
import type {
  ComparedExecution,
  ComparedNode,
  ExecutionDiff,
  NodeDifference,
  ValueDifferences,
} from "../types/diff.js";
import pc from "./colour.js";
import { Exit } from "./exit.js";
import { jsonText } from "./json.js";
import { column, counted, duration, fitted, oneLine } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Tells what two executions differ in. */
export async function diffExecutions(a: string, b: string, options: StoreOptions): Promise<Exit> {
  return withStore(options, async ({ executions }) => {
    const diff = await executions.diff(a, b);
    const columns = Math.max(process.stdout.columns || 80, 40);
    process.stdout.write(options.json ? `${jsonText(diff, 2)}\n` : diffText(diff, columns));
    return Exit.success;
  });
}

/** Both executions, then what differs: no line is wider than the terminal. */
export function diffText(diff: ExecutionDiff, columns: number): string {
  const { a, b, nodes } = diff;
  const differing = nodes.filter(isDifferent);
  const lines = [
    executionLine("a", a, columns),
    executionLine("b", b, columns),
    ...valueSection("input", diff.input, columns),
    ...valueSection("variables", diff.variables, columns),
    ...(differing.length === 0 ? [] : ["", ...differing.flatMap((node) => nodeLines(node, columns))]),
  ];
  const alike = nodes.length - differing.length;
  const rest = differing.length === 0 ? `${counted(alike, "node")} alike` : `${counted(alike, "other node")} alike`;
  return `${lines.join("\n")}\n\n${pc.dim(rest)}\n`;
}

/** How long a node took is no difference. */
function isDifferent({ a, b, differences, more }: NodeDifference): boolean {
  if (a === undefined || b === undefined || differences.length > 0 || more !== undefined) return true;
  return a.state !== b.state || a.attempts !== b.attempts || a.reused !== b.reused || a.error !== b.error;
}

function executionLine(side: string, execution: ComparedExecution, columns: number): string {
  const { executionId, flowId, status, duration: ms, parentId } = execution;
  const took = ms === undefined ? "" : ` after ${duration(ms)}`;
  const from = parentId === undefined ? "" : `, from ${oneLine(parentId)}`;
  return fitted(`${side}  ${oneLine(executionId)}: ${oneLine(flowId)} ${status}${took}${from}`, columns);
}

function nodeLines({ path, a, b, ...values }: NodeDifference, columns: number): string[] {
  const sign = a === undefined ? pc.green("+") : b === undefined ? pc.red("-") : pc.yellow("~");
  const width = Math.max(8, Math.min(28, columns - 46));
  const half = Math.max(8, Math.floor((columns - width - 4) / 2));
  const sides = `${column(sideText(a), half)} ${fitted(sideText(b), half - 1)}`;
  return [
    `${sign} ${column(oneLine(path), width)} ${sides}`.trimEnd(),
    ...errorLines("a", a, b, columns),
    ...errorLines("b", b, a, columns),
    ...valueLines(values, columns),
  ];
}

function sideText(node: ComparedNode | undefined): string {
  if (node === undefined) return "not there";
  const { state, duration: ms, attempts, reused } = node;
  const how = reused ? ", reused" : ms === undefined ? "" : ` ${duration(ms)}`;
  return `${state}${how}${attempts > 1 ? `, try ${attempts}` : ""}`;
}

function errorLines(
  side: string,
  { error }: Partial<ComparedNode> = {},
  other: ComparedNode | undefined,
  columns: number,
) {
  if (error === undefined || error === other?.error) return [];
  return [pc.dim(fitted(`    ${side}: ${oneLine(error)}`, columns))];
}

function valueSection(name: string, values: ValueDifferences, columns: number): string[] {
  return values.differences.length === 0 ? [] : ["", name, ...valueLines(values, columns)];
}

/** Each place with both values, beside each other where they fit, else below one another. */
function valueLines({ differences, more }: ValueDifferences, columns: number): string[] {
  const lines = differences.flatMap(({ path, round, a, b }) => {
    const rounds =
      round === undefined
        ? ""
        : `round ${round
            .split(".")
            .map((at) => Number(at) + 1)
            .join(".")} `;
    const place = `${rounds}${path === "" ? "(all of it)" : oneLine(path)}`;
    const [one, other] = [a, b].map((value) => (value === undefined ? "not there" : oneLine(value))) as [
      string,
      string,
    ];
    const short = `    ${place}  ${one} → ${other}`;
    if ([...short].length <= columns) return [short];
    return [fitted(`    ${place}`, columns), fitted(`      a  ${one}`, columns), fitted(`      b  ${other}`, columns)];
  });
  if (more !== undefined) lines.push(pc.dim(`    and ${counted(more, "more place")}`));
  return lines;
}
