/** Colours where a person sees them: on a terminal, unless `NO_COLOR` or `FORCE_COLOR` say otherwise. */
import pc from "picocolors";

const { NO_COLOR, FORCE_COLOR } = process.env;

// The library's own guess takes a build server for a terminal.
const wanted = NO_COLOR ? false : FORCE_COLOR ? FORCE_COLOR !== "0" : process.stdout.isTTY === true;

export default pc.createColors(wanted);
