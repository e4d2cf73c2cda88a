// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Don't load all flows upfront
const flows = await conductor.storage.listFlows();

// Load flow definition only when needed
async function executeSelectedFlow(flowId: string) {
  const flow = await conductor.storage.loadFlow(flowId);
  return conductor.flow.run(flow, { input: {} });
}
