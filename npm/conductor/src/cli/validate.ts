/** `conductor validate`: tells everything that is wrong with flows. */
import type { RunWarning } from "../types/execution.js";
import pc from "./colour.js";
import type { Output } from "./display.js";
import { Exit } from "./exit.js";
import { type FlowFile, openFlow, type Strictness } from "./flow-file.js";
import { jsonText } from "./json.js";
import { problemsText } from "./problem-text.js";
import { openProject, type ProjectOptions } from "./project.js";
import { withSubFlows } from "./sub-flow-files.js";
import { counted, oneLine, SIGNS } from "./text.js";

/** Checks files, each by itself and with the files of flows that it runs, and reports in the order given. */
export async function validate(
  files: string[],
  options: { json?: boolean } & Strictness & ProjectOptions,
): Promise<Exit> {
  const given = [];
  for (const file of files) {
    const { nodes, settings } = await openProject(file, options);
    const facts = { ...options, nodes, files: settings.files, labels: settings.labels };
    given.push({ entry: await openFlow(file, facts), options: facts });
  }
  const opened = await withSubFlows(given);
  if (options.json) {
    process.stdout.write(
      `${jsonText(
        opened.map((entry) => {
          const { file, problems, warnings } = entry;
          const hints = hintsOf(entry);
          return {
            file,
            valid: problems.length === 0,
            problems,
            ...(warnings.length > 0 && { warnings }),
            ...(hints.length > 0 && { hints }),
          };
        }),
        2,
      )}\n`,
    );
  } else {
    for (const entry of opened) {
      if (entry.problems.length > 0) reportProblems(process.stdout, entry);
      else {
        process.stdout.write(`${pc.green(SIGNS.completed)} ${oneLine(entry.file)} is valid\n${problemsText(entry)}`);
      }
      process.stdout.write(lines(hintsOf(entry)));
    }
  }
  return opened.every(({ problems }) => problems.length === 0) ? Exit.success : Exit.invalidFlow;
}

/** All problems of a file. */
export function reportProblems(output: Output, opened: FlowFile): void {
  const { file, problems } = opened;
  output.write(`${pc.bold(`${oneLine(file)}: ${counted(problems.length, "problem")}`)}\n${problemsText(opened)}`);
}

/** Whether a warning of a run is about its flow, and so was told before it began. */
export function isToldBefore({ path }: RunWarning): boolean {
  return path !== undefined;
}

/** What a flow that is run is warned of, but for what the conductor says itself. */
export function reportWarnings(output: Output, { warnings, text }: FlowFile): void {
  const told = warnings.filter(({ rule }) => rule !== "ignored-policy");
  output.write(problemsText({ problems: [], warnings: told, ...(text !== undefined && { text }) }));
}

/** What the settings of a flow may be taken for although they have no effect. */
export function hintsOf({ unasked }: FlowFile): string[] {
  if (unasked === 0) return [];
  const has = unasked === 1 ? "has" : "have";
  return [
    `Hint: ${counted(unasked, "node")} ${has} the default \`retries\` or \`timeout\` under \`parameters\`, which asks for ` +
      "nothing. To try again or to limit the time, give the node a `policy: { retries, timeout }`.",
  ];
}

/** Lines as they are written. */
export function lines(texts: string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

/** What `run --json` gives instead of a result: the first problem as error, with all of them. */
export function invalidFlowJson({ file, problems }: FlowFile): object {
  const [first] = problems;
  return { success: false, error: { ...first, file, problems }, duration: 0, executedNodes: [], outputs: {} };
}
