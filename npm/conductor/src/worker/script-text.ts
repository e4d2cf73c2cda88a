/** The library's own worker as the text of one script, so that it needs no file that a bundler would have to find. */
import text from "./script.ts?script";

export default text;
