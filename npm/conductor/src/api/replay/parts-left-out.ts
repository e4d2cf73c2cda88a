/** What becomes of a file of an execution without the parts at some paths. */
import type { Json } from "../../executions/tagged-json.js";
import { REDACTED } from "../../expressions/redaction.js";
import { type Entry, Kind } from "../durable/entry.js";
import type { LeftOutOfFile } from "../durable/kept-run.js";
import { type FileChange, type FileLook, refused, withPaths } from "./file-change.js";
import { type Fields, type FlowValues, isFields } from "./flow-values.js";
import type { HiddenParts } from "./hidden-parts.js";
import type { ExecutionFile } from "./run-file.js";

/** Of what a run was given, objects by name. */
const GIVEN = ["input", "variables", "metadata"] as const;
/** Of a head, what tells how it was run. */
const OF_HEADS = new Set(["executionId", "held", "redacted", "leftOut", "trace", "types"]);
/** Of an error, what tells what it is. */
const OF_ERRORS = new Set(["code", "nodeId", "executionId", "timestamp"]);

/** Leaves out the parts at paths, and what equals them elsewhere. */
export class PartsLeftOut implements FileChange {
  readonly leftOut: LeftOutOfFile;
  readonly look: FileLook;
  readonly flow: FlowValues;

  constructor(
    paths: readonly string[],
    private readonly parts: HiddenParts,
  ) {
    this.leftOut = { redact: [...paths] };
    this.look = {
      head: (head) => {
        for (const key of GIVEN) if (isFields(head[key])) parts.lookInside(head[key]);
      },
      entry: (entry) => this.lookAt(entry),
      output: (content) => void parts.look(content),
      variables: (fields) => parts.lookInside(fields),
    };
    const other = (value: Json) => this.swept(value);
    this.flow = {
      fields: (fields) => parts.shownInside(fields),
      // Its `redact` are paths.
      policy: (policy) =>
        isFields(policy) ? mapped(policy, (key, value) => (key === "redact" ? value : other(value))) : policy,
      other,
    };
  }

  private lookAt([kind, , , content]: Entry): void {
    for (const [, value] of valuesIn(kind, content)) this.parts.look(value);
  }

  head(head: Fields): Fields {
    const { unmatched } = this.parts;
    const [first] = unmatched;
    if (first !== undefined) {
      throw refused(
        `\`redact\` names ${unmatched.map((path) => `\`${path}\``).join(", ")}, and no value of the execution has anything there: ` +
          "nothing would be left out by it. Correct the path, or take it out",
      );
    }
    const redacted = Array.isArray(head.redacted) ? head.redacted.map((path) => this.parts.text(String(path))) : [];
    const shown = mapped(head, (key, value) => {
      if (OF_HEADS.has(key)) return value;
      if (!(GIVEN as readonly string[]).includes(key)) return this.swept(value);
      const { json, paths } = this.parts.shownInside(value, key);
      if (key !== "metadata") redacted.push(...paths);
      return json;
    });
    return redacted.length === 0 ? shown : { ...shown, redacted };
  }

  row(row: ExecutionFile["row"], oldTags: readonly string[], tags: readonly string[]): ExecutionFile["row"] {
    const { text } = this.parts;
    const { name, reason, error, summary } = row;
    const others = row.tags.filter((tag) => !oldTags.includes(tag));
    return {
      ...row,
      name: text(name),
      tags: [...new Set([...others, ...tags].map(text))],
      ...(reason !== undefined && { reason: text(reason) }),
      ...(error !== undefined && { error: this.json(error) }),
      ...(summary !== undefined && { summary: this.json(summary) }),
    };
  }

  entry(entry: Entry): Entry {
    const [kind, task, attempt, content, marks, reused, before = []] = entry;
    const redacted = before.map((path) => this.path(path));
    const paths: string[] = [];
    const shown = new Map<Json, Json>();
    for (const [path, value] of valuesIn(kind, content)) {
      const found = this.parts.shown(value, path);
      paths.push(...found.paths);
      if (typeof value === "object" && value !== null) shown.set(value, found.json);
      else if (found.json !== value) shown.set(value, found.json);
    }
    const put = (value: Json) => shown.get(value) ?? this.swept(value);
    switch (kind) {
      case Kind.error: {
        const { error, ...rest } = content as { error: Json };
        const made = isFields(error)
          ? mapped(error, (key, value) => (OF_ERRORS.has(key) ? value : put(value)))
          : this.swept(error);
        const isOther = JSON.stringify(made) !== JSON.stringify(error);
        return withPaths(
          [kind, task, attempt, { ...rest, error: made }],
          isOther ? [...redacted, "message"] : redacted,
        ) as Entry;
      }
      case Kind.items: {
        const items = (content as { items: Json[] }).items.map(put);
        return withPaths(
          [kind, task, attempt, { ...(content as Fields), items }, marks, reused],
          [...redacted, ...paths],
        ) as Entry;
      }
      case Kind.warning: {
        const { message = "" } = content as Fields;
        return [kind, task, attempt, { ...(content as Fields), message: this.swept(message) }];
      }
      case Kind.log: {
        const { text } = content as { text: string };
        return [kind, task, attempt, { ...(content as Fields), text: this.parts.text(text) }];
      }
      case Kind.wait: {
        const { question, answer, ...rest } = content as Fields;
        const asked = isFields(question)
          ? mapped(question, (key, value) =>
              key === "message" || key === "form" || key === "data" ? put(value) : value,
            )
          : question;
        const isWhole = JSON.stringify(answer) === JSON.stringify(Array.isArray(answer) ? answer.map(put) : answer);
        // One that is not whole would be taken for the answer: it is asked for again.
        const kept = answer !== undefined && isWhole;
        return [
          kind,
          task,
          attempt,
          { ...rest, ...(asked !== undefined && { question: asked }), ...(kept && { answer }) },
        ];
      }
      default:
        throw new TypeError(`Entries of kind ${JSON.stringify(kind)} are not known; they come from a newer version`);
    }
  }

  path(path: string): string {
    return this.parts.text(path);
  }

  output(content: Json) {
    return this.parts.shown(content);
  }

  variables(fields: Json) {
    return this.parts.shownInside(fields);
  }

  private swept(json: Json): Json {
    return this.parts.swept(json);
  }

  /** Text of JSON without what is left out of its texts. */
  private json(text: string): string {
    try {
      const { code, nodeId, ...rest } = JSON.parse(text) as Fields;
      return JSON.stringify({
        ...(code !== undefined && { code }),
        ...(this.swept(rest) as Fields),
        ...(nodeId !== undefined && { nodeId }),
      });
    } catch {
      return REDACTED;
    }
  }
}

/** The values in an entry that paths are looked for in, with where they are. */
function valuesIn(kind: string, content: Json): [path: string, value: Json][] {
  if (!isFields(content)) return [];
  const { error, items, question, answer } = content;
  if (kind === Kind.items && Array.isArray(items)) return items.map((item, at) => [`items[${at}]`, item]);
  if (kind === Kind.error && isFields(error)) {
    return (["cause", "context"] as const).flatMap((key) => (error[key] === undefined ? [] : [[key, error[key]]]));
  }
  if (kind !== Kind.wait) return [];
  const data = isFields(question) && question.data !== undefined ? [question.data] : [];
  return [...data, ...(Array.isArray(answer) ? answer : [])].map((value) => ["", value]);
}

function mapped(fields: Fields, change: (key: string, value: Json) => Json): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(key, value)]));
}
