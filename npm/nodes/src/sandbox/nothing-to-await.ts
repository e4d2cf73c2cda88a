/** What to say of user code that waits for something, or wants to load modules. */
import { LONGEST_CODE, withoutTexts } from "../data/code-text.js";

/**
 * The end of a message about code that answered with a promise, or that is no JavaScript because of `import` or `await`. Empty for
 * code that has neither.
 */
export function awaitAdvice(code: string, isPromise: boolean): string {
  const text = withoutTexts(code.slice(0, LONGEST_CODE));
  if (/(?<![.\p{ID_Continue}$])import(?:\s*\(|\s*""|\s+[{*\p{ID_Start}$_])/u.test(text)) {
    return "; user code cannot `import`: it has the language alone, without modules. Nodes such as `http-request` and `file-system` do what it cannot";
  }
  if (isPromise || /(?<![.\p{ID_Continue}$])await\s/u.test(text)) {
    return "; take `async` and `await` away: nothing is awaited in user code";
  }
  return "";
}
