/** The host on the WebAssembly module, for a page: `play(text)`, of a scenario as JSON, and `openRuns()` on its window. */
import * as module from "@atomiton/conductor-wasm";
import { CONSTANTS } from "@atomiton/conductor-wasm/constants";

import { onModule, play } from "./engines.mjs";

const engine = onModule(module, CONSTANTS);

window.play = (text) => play(JSON.parse(text), engine);
window.openRuns = () => engine.backend.openRuns();
