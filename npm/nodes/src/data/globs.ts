/** Patterns of paths, such as `data/*.csv`, followed from folder to folder in linear time. */
import { messageOf, NodeError } from "../contract/error.js";
import { foundText } from "../contract/issues.js";

/** Patterns in one list. */
const MOST_PATTERNS = 100;
/** Characters of a pattern. */
const LONGEST_PATTERN = 1000;
/** Folders in one another that a pattern may name. */
const MOST_SEGMENTS = 100;
/** Stands for any folders, also none. */
const ANY_FOLDERS = "**";

/** Tells whether a pattern's part between two slashes fits a name. */
type Fits = (name: string) => boolean;

interface Pattern {
  source: string;
  /** What fits leaves the list instead of entering it. */
  excludes: boolean;
  segments: readonly (typeof ANY_FOLDERS | Fits)[];
  /** Whether a segment may fit a name that begins with a dot. */
  dotted: readonly boolean[];
}

/** How far each pattern has come on the way to a folder: the segments that come next. */
export type GlobPosition = readonly (readonly number[])[];

/** What the patterns say of one entry of a folder. */
export interface GlobAnswer {
  /** The patterns that fit it; empty for an entry that is not wanted. */
  fits: readonly string[];
  /** The position inside it, if it is a folder in which something may fit. */
  inside: GlobPosition | undefined;
}

/** How patterns are taken. */
export interface GlobOptions {
  /** Whether `*` and `**` fit names that begin with a dot as well. */
  hidden: boolean;
  /** Whether a pattern without `/` is looked for in every folder below. */
  anywhere?: boolean;
}

/**
 * A list of patterns. `*` stands for characters of a name, `?` for one, `[a-z]` and `[!a-z]` for one of several,
 * `{csv,tsv}` for one of several texts, and `**` for any folders. A pattern that begins with `!` takes out what it fits, with
 * everything below. Names that begin with a dot need a pattern whose part begins with one, unless `hidden` is set.
 *
 * Each part becomes a regular expression of an engine without backtracking: those of JavaScript need exponential time for
 * some patterns and names.
 */
export class Globs {
  private constructor(
    private readonly patterns: readonly Pattern[],
    private readonly hidden: boolean,
  ) {}

  /** @throws NodeError INVALID_PARAMETERS for a pattern that cannot be read, naming it */
  static async of(sources: readonly string[], { hidden, anywhere = false }: GlobOptions): Promise<Globs> {
    if (sources.length > MOST_PATTERNS) {
      throw new NodeError("INVALID_PARAMETERS", `There may be ${MOST_PATTERNS} patterns, found ${sources.length}`);
    }
    const patterns: Pattern[] = [];
    for (const source of sources) patterns.push(await patternOf(source, anywhere));
    if (patterns.every(({ excludes }) => excludes)) patterns.push(await patternOf(ANY_FOLDERS, false));
    return new Globs(patterns, hidden);
  }

  /** The patterns that let something in, as they were written. */
  get wanted(): string[] {
    return this.patterns.filter(({ excludes }) => !excludes).map(({ source }) => source);
  }

  /** The position in the folder in which the search begins. */
  start(): GlobPosition {
    return this.patterns.map((pattern) => [...closure(pattern, [0])]);
  }

  /** What the patterns say of an entry of the folder of a position. */
  look(position: GlobPosition, name: string): GlobAnswer {
    const fits: string[] = [];
    const inside: number[][] = [];
    let leadsOn = false;
    for (const [index, pattern] of this.patterns.entries()) {
      const next = this.step(pattern, position[index] ?? [], name);
      const isFit = next.has(pattern.segments.length);
      if (isFit && pattern.excludes) return { fits: [], inside: undefined };
      if (isFit) fits.push(pattern.source);
      next.delete(pattern.segments.length);
      if (next.size > 0 && !pattern.excludes) leadsOn = true;
      inside.push([...next]);
    }
    return { fits, inside: leadsOn ? inside : undefined };
  }

  /** What the patterns would say of an entry that they pass over because its name begins with a dot; `undefined` for any other. */
  passedOver(position: GlobPosition, name: string): GlobAnswer | undefined {
    if (this.hidden || !name.startsWith(".")) return undefined;
    const { fits, inside } = this.look(position, name);
    return fits.length > 0 || inside !== undefined ? undefined : new Globs(this.patterns, true).look(position, name);
  }

  /** The patterns that fit a path with `/` between its names. */
  fitsOf(path: string): readonly string[] {
    let position: GlobPosition | undefined = this.start();
    let fits: readonly string[] = [];
    for (const name of path.split("/")) {
      if (position === undefined) return [];
      ({ fits, inside: position } = this.look(position, name));
    }
    return fits;
  }

  private step(pattern: Pattern, from: readonly number[], name: string): Set<number> {
    const isHidden = name.startsWith(".") && !this.hidden && !pattern.excludes;
    const next = new Set<number>();
    for (const at of from) {
      const segment = pattern.segments[at];
      if (segment === undefined || (isHidden && pattern.dotted[at] !== true)) continue;
      if (segment === ANY_FOLDERS) next.add(at);
      else if (segment(name)) next.add(at + 1);
    }
    return closure(pattern, next);
  }
}

/** `**` stands for no folder as well. */
function closure({ segments }: Pattern, positions: Iterable<number>): Set<number> {
  const all = new Set(positions);
  for (const at of all) if (segments[at] === ANY_FOLDERS) all.add(at + 1);
  return all;
}

async function patternOf(source: string, anywhere: boolean): Promise<Pattern> {
  const excludes = source.startsWith("!");
  const written = excludes ? source.slice(1) : source;
  const refused = (why: string): NodeError =>
    new NodeError("INVALID_PARAMETERS", `The pattern ${foundText(source)} cannot be used: ${why}`);
  if (written.length > LONGEST_PATTERN) throw refused(`it has more than ${LONGEST_PATTERN} characters`);
  if (written.includes("\\")) throw refused("names are separated by `/`, and `[*]` stands for the character `*`");
  if (written.startsWith("/") || /^[A-Za-z]:/.test(written)) throw refused("it starts at the folder, not at the root");
  const names = written.split("/").filter((name) => name !== ".");
  if (names.includes("..")) throw refused("`..` leads out of the folder; set the folder instead");
  if (names.length === 0 || names.includes("")) throw refused("a part of it is empty");
  if (names.length > MOST_SEGMENTS) throw refused(`it names more than ${MOST_SEGMENTS} folders in one another`);
  if (anywhere && names.length === 1 && names[0] !== ANY_FOLDERS) names.unshift(ANY_FOLDERS);
  // What is below a folder is not the folder itself.
  if (names.at(-1) === ANY_FOLDERS) names.push("*");
  const segments: (typeof ANY_FOLDERS | Fits)[] = [];
  for (const name of names) segments.push(name === ANY_FOLDERS ? name : await segmentOf(name, refused));
  return { source, excludes, segments, dotted: names.map((name) => name.startsWith(".")) };
}

async function segmentOf(written: string, refused: (why: string) => NodeError): Promise<Fits> {
  if (written.includes(ANY_FOLDERS)) throw refused("`**` stands alone between two `/`");
  if (written === "*") return () => true;
  if (!/[*?[\]{}]/.test(written)) return (name) => name === written;
  const source = sourceOf(written, refused);
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(source, RE2JS.DOTALL);
    return (name) => compiled.testExact(name);
  } catch (error) {
    throw refused(messageOf(error));
  }
}

/** A part of a pattern in the syntax of regular expressions. */
function sourceOf(written: string, refused: (why: string) => NodeError): string {
  let source = "";
  let isInBraces = false;
  for (let at = 0; at < written.length; at++) {
    const character = written[at] as string;
    if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else if (character === "[") {
      // A bracket that comes first is one of the characters.
      const end = written.indexOf("]", /^[!^]/.test(written.slice(at + 1)) ? at + 3 : at + 2);
      if (end < 0) throw refused("a `[` has no `]`");
      source += classOf(written.slice(at + 1, end));
      at = end;
    } else if (character === "{") {
      if (isInBraces) throw refused("braces do not go into braces");
      isInBraces = true;
      source += "(?:";
    } else if (character === "}" && isInBraces) {
      isInBraces = false;
      source += ")";
    } else if (character === "," && isInBraces) source += "|";
    else source += character.replace(/[\\^$.|+()\]}]/, "\\$&");
  }
  if (isInBraces) throw refused("a `{` has no `}` in the same part; `/` cannot stand between braces");
  return source;
}

function classOf(characters: string): string {
  const isNegated = /^[!^]/.test(characters);
  const listed = (isNegated ? characters.slice(1) : characters).replace(/[\\[\]^&~]/g, "\\$&");
  return `[${isNegated ? "^" : ""}${listed}]`;
}
