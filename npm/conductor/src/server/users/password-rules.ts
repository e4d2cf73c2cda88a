/** What a new password must be. Those that were set under earlier rules go on. */
import { loadedOnce } from "@atomiton/values";

/** Characters of a new password: as many as OWASP ASVS 2.1.1 and 2.1.2 ask for. Runs of blanks count as one. */
const LEAST = 12;
const MOST = 128;
/** Bytes that a password may have at most: earlier rules allowed so many. */
export const MOST_BYTES = 1024;

/** Different characters: `abcabcabcabc` is tried before most words. */
const LEAST_DIFFERENT = 5;

/** Characters beside what is tried with a few more: words that leaked, the name of the user and of this product (`ada-conductor-2026`). */
const LEAST_BESIDE = 8;
const PRODUCT = "conductor";
/** Shorter names are parts of many words. */
const SHORTEST_NAME = 3;

/** What lies beside each other on keyboards and in the alphabet; typed on and on, there and back. */
const ROWS = ["1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"];
const RUNS = [...ROWS, ...ROWS.map((row) => [...row].reverse().join(""))].map((row) =>
  row.repeat(MOST / row.length + 1),
);

/** Examples that everyone knows, without blanks and signs. */
const EXAMPLES: ReadonlySet<string> = new Set(["correcthorsebatterystaple", "thequickbrownfoxjumpsoverthelazydog"]);

const ALLOWED = `A new password has ${LEAST} to ${MOST} characters of any kind, and is not one that is tried first`;

/** The passwords of breaches that were there most often, in small letters; loaded by those who set one. */
const load = loadedOnce(async (): Promise<ReadonlySet<string>> => {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  return new Set(dictionary["passwords-common"]);
});

/** What is hashed. One letter that keyboards compose in different ways is one letter. */
export function bytesOf(password: string): Uint8Array {
  return Buffer.from(password.normalize("NFC"), "utf8");
}

/** Why this cannot become the password of a user, without repeating it; `undefined` where it can. */
export async function passwordProblem(password: string, name: string): Promise<string | undefined> {
  const characters = [...password.normalize("NFC").replace(/\s+/gu, " ")].length;
  // Before anything else is done with it.
  if (characters > MOST) return `${ALLOWED}; this one has ${characters}`;
  // Blanks count together, and yet are hashed.
  if (bytesOf(password).length > MOST_BYTES) return `${ALLOWED}, and at most ${MOST_BYTES} bytes with all its blanks`;
  if (characters < LEAST) return `${ALLOWED}; this one has ${characters}`;
  const [text, user] = [plain(password), plain(name)];
  if (new Set(text).size < LEAST_DIFFERENT) {
    return `${ALLOWED}; this one repeats fewer than ${LEAST_DIFFERENT} characters`;
  }
  const beside = without(text, user.length < SHORTEST_NAME ? [PRODUCT] : [user, PRODUCT]);
  if (beside !== text && [...beside].length < LEAST_BESIDE) {
    return `${ALLOWED}; this one has fewer than ${LEAST_BESIDE} beside the name of the user and the word ${PRODUCT}`;
  }
  if (RUNS.some((run) => run.includes(text))) return `${ALLOWED}; this one is a row of keys or letters`;
  const known = await load();
  const letters = text.replace(/[^\p{L}]/gu, "");
  const word = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  // With a few digits and signs around it a word is tried as well, and twice: `Password1234!`, `password-password`.
  const words = text.length - letters.length < LEAST_BESIDE ? [word, unitOf(letters)] : [];
  if (EXAMPLES.has(letters) || [text, unitOf(text), ...words].some((tried) => known.has(tried))) {
    return `${ALLOWED}; this one, or the word in it, is among those that leaked most often: take several words that do not belong together`;
  }
  return undefined;
}

function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** What is left of a text without these words. */
function without(text: string, words: readonly string[]): string {
  return words.reduce((left, word) => left.replaceAll(word, ""), text);
}

/** What a text repeats; the text itself where it repeats nothing. */
function unitOf(text: string): string {
  const length = `${text}${text}`.indexOf(text, 1);
  return length > 0 ? text.slice(0, length) : text;
}
