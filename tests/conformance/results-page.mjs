/** The public API, for a page: `result(text)`, of a scenario as JSON, on its window, and which engine it is. */
import { conductor, createConductor } from "@atomiton/conductor/browser";

import { resultText } from "./results.mjs";

window.result = (text) => resultText(JSON.parse(text), createConductor);
window.backend = conductor.engine.backend;
