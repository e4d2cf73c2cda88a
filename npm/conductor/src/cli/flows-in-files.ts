/** Flows in files that are to be saved, checked before anything is done. */
import type { FlowToSave } from "../types/flow.js";
import { type FlowFile, openFlow, type ProjectFacts, type Strictness } from "./flow-file.js";
import { problemsText } from "./problem-text.js";
import { oneLine } from "./text.js";
import { reportProblems } from "./validate.js";

/** The flows in files; `undefined` where one of them cannot be run, after it was said why. */
export async function flowsIn(
  files: readonly string[],
  options: Strictness & ProjectFacts,
): Promise<FlowToSave[] | undefined> {
  const flows: FlowToSave[] = [];
  for (const file of files) {
    const opened = await openFlow(file, options);
    if (opened.flow === undefined || opened.problems.length > 0) {
      reportProblems(process.stderr, opened);
      return undefined;
    }
    process.stderr.write(warningsOf(opened));
    flows.push(opened.flow as FlowToSave);
  }
  return flows;
}

/** What is probably not as it was meant, with its file. */
function warningsOf(opened: FlowFile): string {
  return opened.warnings.length === 0 ? "" : `${oneLine(opened.file)}:\n${problemsText(opened)}`;
}
