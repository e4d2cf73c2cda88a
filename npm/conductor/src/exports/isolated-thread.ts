/** What threads of an isolated execution begin with that has no network. */
import { closeNetwork } from "../isolation/no-network.js";

const { execArgv } = process;
closeNetwork(execArgv[execArgv.indexOf("--require") + 1] as string);
