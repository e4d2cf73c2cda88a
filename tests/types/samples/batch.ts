// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Execute multiple flows in parallel
async function executeBatch(
  flowIds: string[],
  inputs: Record<string, unknown>[],
) {
  const flows = await Promise.all(
    flowIds.map((id) => conductor.flow.loadFlow(id)),
  );

  const results = await Promise.all(
    flows.map((flow, i) => conductor.flow.run(flow, { input: inputs[i] })),
  );

  const successful = results.filter((r) => r.success);
  const failed = results.filter((r) => !r.success);

  console.log(
    `Batch complete: ${successful.length} succeeded, ${failed.length} failed`,
  );

  return { successful, failed };
}

// Usage
const { successful, failed } = await executeBatch(
  ["flow-1", "flow-2", "flow-3"],
  [{ data: "a" }, { data: "b" }, { data: "c" }],
);
