// Taken for granted:
import type { ConductorExecutionContext, ExecutionResult, NodeDefinition } from "@atomiton/conductor/types";

declare const node: NodeDefinition;
declare function show(text: string | undefined): void;

// As clients write it, who know results as one flat type:
import { conductor, ErrorCode } from "@atomiton/conductor/browser";

type Runner = (node: NodeDefinition, context?: Partial<ConductorExecutionContext>) => Promise<ExecutionResult>;

/** In the place of a conductor's, in tests. */
const failing: typeof conductor.node.run = async () => ({ success: false });
const answering: typeof conductor.flow.run = async () => ({ success: true, data: 1, duration: 5 });
const runners: Runner[] = [conductor.node.run, conductor.flow.run, conductor.execute, failing, answering];

for (const run of runners) show((await run(node)).error?.message);

let last: ExecutionResult<unknown> = { success: true };
for (const run of [conductor.node.run, conductor.flow.run]) {
  const result = await run(node, { slowMo: 250 });
  last = result;
  if (result.error) show(result.error.message);
  else if (result.success === false) show("failed without a word");
  if (result.success && result.error?.code === "TIMEOUT") show("late");
  if (result.success || result.error?.code === ErrorCode.CANCELLED) show(result.error?.recovery?.suggestions?.[0]);
  if (!result.success) {
    show(result.error?.message ?? "Execution failed");
    if (result.error === undefined || result.error.nodeId === undefined) continue;
    show(result.error.nodeId);
  }
  const status = result.success ? "completed" : result.error?.code === "CANCELLED" ? "cancelled" : "failed";
  show(status === "cancelled" ? undefined : status);
}
if (last.success === false) show(last.error?.stack);
