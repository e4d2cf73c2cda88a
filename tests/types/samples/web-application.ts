// As shown:
// Uses HTTP transport automatically in browser
import { conductor } from "@atomiton/conductor";

async function runWebWorkflow() {
  const result = await conductor.execute({
    flowId: "web-scraper",
    inputs: { url: "https://example.com" },
  });
}
