/** The library's own worker, for `./script-text.js`. */
import "../exports/worker.js";
