/** The library's own worker, for `./script-text.js`. */
import { serveConductors } from "./entry.js";

serveConductors();
