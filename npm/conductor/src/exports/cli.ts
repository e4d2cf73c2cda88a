/** The `conductor` command; `bin/conductor.js` starts it. */
import { Exit } from "../cli/exit.js";

// The engine is chosen when it is imported, and the choice of a person may be one that cannot be met.
const { main } = await import("../cli/program.js").catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(Exit.usage);
});

await main(process.argv);
