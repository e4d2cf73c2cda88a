/** Flows in files that are to be saved, checked before anything is done. */
import type { FlowToSave } from "../types/flow.js";
import { openFlow, type ProjectFacts, type Strictness } from "./flow-file.js";
import { problemsText } from "./problem-text.js";
import { oneLine, onStandardError } from "./text.js";
import { reportProblems } from "./validate.js";

/** The flows in files; `undefined` where one of them cannot be run, after it was said why. `warn` is told what else is said of them. */
export async function flowsIn(
  files: readonly string[],
  options: Strictness & ProjectFacts,
  warn: (text: string) => void = onStandardError,
): Promise<FlowToSave[] | undefined> {
  const flows: FlowToSave[] = [];
  for (const file of files) {
    const opened = await openFlow(file, options);
    if (opened.flow === undefined || opened.problems.length > 0) {
      reportProblems(process.stderr, opened);
      return undefined;
    }
    if (opened.warnings.length > 0) warn(`${oneLine(opened.file)}:\n${problemsText(opened).trimEnd()}`);
    flows.push(opened.flow as FlowToSave);
  }
  return flows;
}
