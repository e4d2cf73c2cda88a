/** Where values stand in SQL: the parts of a statement that a database reads as values, and all else as it is. */

/** Whose rules of quotes and comments count. */
export type Dialect = "postgres" | "sqlite";

/** The dialect of the database at an address. */
export function dialectOf(connection: string): Dialect {
  return connection.startsWith("sqlite:") ? "sqlite" : "postgres";
}

/** A part of a statement. All of them together are its text. */
export interface Token {
  /**
   * `name`: `:name` or `$name`. `place`: `$1`, and in SQLite `?` and `@name`. `slice`: `:name` inside of brackets of PostgreSQL,
   * where `a[i:n]` takes a part of an array. `other`: all else.
   */
  kind: "name" | "place" | "slice" | "other";
  text: string;
}

/** From U+0080 on every character may stand in a name, as both databases have it. */
const LETTER = "A-Za-z_\\u0080-\\uffff";
const NAME = `[${LETTER}][0-9${LETTER}]*`;

/** A text with backslashes of PostgreSQL. */
const ESCAPED = "'[^'\\\\]*(?:(?:''|\\\\[^])[^'\\\\]*)*(?:'|$)";

/** What is the same in both; the first that fits counts. A word takes its `$` with it, a number its letters. */
const COMMON: readonly Rule[] = [
  ["other", "'[^']*(?:''[^']*)*(?:'|$)"],
  ["other", '"[^"]*(?:""[^"]*)*(?:"|$)'],
  ["other", `[0-9${LETTER}][0-9$${LETTER}]*`],
  ["other", "::|:="],
];
const RULES: Readonly<Record<Dialect, readonly Rule[]>> = {
  postgres: [
    // In E'…', and in what goes on with it on a further line, a backslash takes the meaning from what follows it.
    ["other", `[eE]${ESCAPED}(?:\\s*[\\r\\n]\\s*${ESCAPED})*`],
    ["other", "--[^\\r\\n]*"],
    // A dollar quote that is not closed goes to the end.
    ["other", `\\$(?<tag>(?:${NAME})?)\\$(?:[^]*?\\$\\k<tag>\\$|[^]*$)`],
    ...COMMON,
    ["place", "\\$[0-9]+"],
  ],
  sqlite: [
    ["other", "--[^\\n]*"],
    ["other", "/\\*[^]*?(?:\\*/|$)"],
    ["other", "`[^`]*(?:``[^`]*)*(?:`|$)"],
    ["other", "\\[[^\\]]*(?:\\]|$)"],
    ...COMMON,
    ["place", `\\$[0-9]+|\\?[0-9]*|@${NAME}`],
  ],
};

type Rule = readonly [kind: Token["kind"], pattern: string];

const NAMED = new RegExp(`[:$]${NAME}`, "y");
const PATTERNS: Readonly<Record<Dialect, readonly (readonly [Token["kind"], RegExp])[]>> = {
  postgres: RULES.postgres.map(([kind, pattern]) => [kind, new RegExp(pattern, "y")] as const),
  sqlite: RULES.sqlite.map(([kind, pattern]) => [kind, new RegExp(pattern, "y")] as const),
};

/** The parts of a statement, in order. */
export function* tokensOf(sql: string, dialect: Dialect): Generator<Token> {
  const isPostgres = dialect === "postgres";
  let depth = 0;
  for (let at = 0; at < sql.length; ) {
    const [kind, text] = tokenAt(sql, at, dialect);
    at += text.length;
    if (isPostgres && text === "[") depth++;
    if (isPostgres && text === "]") depth--;
    const isSlice = kind === "name" && depth > 0 && text.startsWith(":");
    yield { kind: isSlice ? "slice" : kind, text };
  }
}

function tokenAt(sql: string, at: number, dialect: Dialect): [Token["kind"], string] {
  if (dialect === "postgres" && sql.startsWith("/*", at)) return ["other", sql.slice(at, endOfComment(sql, at))];
  for (const [kind, pattern] of PATTERNS[dialect]) {
    const text = matchAt(pattern, sql, at);
    if (text !== undefined) return [kind, text];
  }
  const named = matchAt(NAMED, sql, at);
  return named === undefined ? ["other", sql.charAt(at)] : ["name", named];
}

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

/** In PostgreSQL comments may stand in comments. */
function endOfComment(sql: string, start: number): number {
  const ends = /\/\*|\*\//g;
  ends.lastIndex = start;
  let depth = 0;
  for (let found = ends.exec(sql); found !== null; found = ends.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return ends.lastIndex;
  }
  return sql.length;
}
