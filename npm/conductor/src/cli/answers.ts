/** Answers to what a flow asks people: those that the command line names, else those of the person at the terminal. */
import { createInterface, type Interface } from "node:readline/promises";
import type { Conductor, OpenQuestion } from "../exports/node.js";
import type { Display } from "./display.js";
import { jsonText } from "./json.js";
import { oneLine } from "./text.js";

/** Characters of the data beside a question that are shown. */
const MOST_SHOWN = 2000;

/** What is needed of a conductor. */
interface Answered {
  executions: Pick<Conductor["executions"], "onQuestion" | "answer" | "waiting">;
}

/** What answering needs. */
export interface AnswerOptions {
  /** By the ids of nodes. */
  given: ReadonlyMap<string, unknown>;
  display: Display;
  /** The person at the terminal, if one is there. */
  terminal: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream } | undefined;
  /** Ends the run, because nothing can answer, or the answer that was given is wrong. */
  giveUp(why: string, isWrong: boolean): void;
}

/** Questions that are being answered. */
export interface Answering {
  stop(): void;
  /** Ids of the nodes that were given an answer and have not asked. */
  unused(): string[];
}

/** Answers questions from now on, one at a time, until it is stopped. */
export function answerQuestions(conductor: Answered, options: AnswerOptions): Answering {
  const over = new AbortController();
  const asked = new Set<string>();
  let before: Promise<void> = Promise.resolve();
  const unsubscribe = conductor.executions.onQuestion((question) => {
    const { given, giveUp } = options;
    asked.add(question.nodeId);
    if (given.has(question.nodeId)) {
      conductor.executions
        .answer(question.id, given.get(question.nodeId))
        .catch((error: Error) => giveUp(`--answer ${question.nodeId}: ${error.message}`, true));
      return;
    }
    const { terminal } = options;
    if (terminal !== undefined) {
      before = before.then(() => askAt(terminal, conductor, question, options.display, over.signal));
      return;
    }
    const asks = `Node "${oneLine(question.nodeId)}" asks: ${oneLine(question.message)}`;
    const how = `answer it with --answer ${question.nodeId}=VALUE, or run the flow at a terminal`;
    if (question.openUntil === undefined) giveUp(`${asks}; ${how}`, false);
    else options.display.note(`${asks}; its default counts soon. To choose, ${how}`);
  });
  return {
    stop() {
      unsubscribe();
      over.abort();
    },
    unused: () => [...options.given.keys()].filter((node) => !asked.has(node)),
  };
}

/** Asks until an answer fits, or the question is no longer open. */
async function askAt(
  { input, output }: NonNullable<AnswerOptions["terminal"]>,
  conductor: Answered,
  question: OpenQuestion,
  display: Display,
  signal: AbortSignal,
): Promise<void> {
  const isOpen = async () => (await conductor.executions.waiting(question.id)).length > 0;
  if (signal.aborted || !(await isOpen())) return;
  const resume = display.suspend();
  const lines = createInterface({ input, output });
  // Ctrl-C is for the whole run.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    output.write(`\n${question.message}\n${dataText(question.data)}`);
    while (await isOpen()) {
      const answer = await answerOf(lines, question.form ?? {}, signal);
      try {
        await conductor.executions.answer(question.id, answer);
      } catch (error) {
        output.write(`${(error as Error).message}\n`);
      }
    }
  } catch (error) {
    if (!signal.aborted) output.write(`${(error as Error).message}\n`);
  } finally {
    lines.close();
    resume();
  }
}

function dataText(data: unknown): string {
  if (data === undefined) return "";
  const text = typeof data === "string" ? data : jsonText(data, 2);
  return `${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}\n`;
}

type Schema = Readonly<Record<string, unknown>>;

/** One value, or of a form with properties one for each. */
async function answerOf(lines: Interface, form: Schema, signal: AbortSignal): Promise<unknown> {
  const properties = form["properties"];
  if (typeof properties !== "object" || properties === null) return typed(lines, "answer", form, true, signal);
  const required = Array.isArray(form["required"]) ? form["required"] : [];
  const answer: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(properties as Record<string, Schema>)) {
    const value = await typed(lines, name, schema, required.includes(name), signal);
    if (value !== undefined) answer[name] = value;
  }
  return answer;
}

async function typed(
  lines: Interface,
  name: string,
  schema: Schema,
  isRequired: boolean,
  signal: AbortSignal,
): Promise<unknown> {
  const { title, description, type, default: preset } = schema;
  const choices = Array.isArray(schema["enum"]) ? (schema["enum"] as unknown[]) : undefined;
  const notes = [
    ...(typeof description === "string" ? [description] : []),
    ...(choices ? [choices.map((choice) => textOf(choice)).join(", ")] : type === "boolean" ? ["y or n"] : []),
    ...(preset === undefined ? (isRequired ? [] : ["may be left out"]) : [`default ${textOf(preset)}`]),
  ];
  const note = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  const line = await lines.question(`${typeof title === "string" ? title : name}${note}: `, { signal });
  if (line === "" && (preset !== undefined || !isRequired)) return preset;
  return parsed(line, type, choices);
}

/** What was typed, as the form has it; what cannot be that stays text, and the form says why it does not fit. */
function parsed(line: string, type: unknown, choices: readonly unknown[] | undefined): unknown {
  const chosen = choices?.find((choice) => textOf(choice) === line);
  if (chosen !== undefined) return chosen;
  if (type === "string") return line;
  if (type === "boolean" && /^(?:y|yes|n|no)$/i.test(line)) return /^y/i.test(line);
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
