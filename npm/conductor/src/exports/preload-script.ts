/** A preload script as it is: gives pages the bridge to the main process, and nothing else. */
import { exposeConductor } from "../desktop/preload.js";

exposeConductor();
