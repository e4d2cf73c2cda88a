/** The `conductor` command; `bin/conductor.js` starts it. */
import { main } from "../cli/program.js";

await main(process.argv);
