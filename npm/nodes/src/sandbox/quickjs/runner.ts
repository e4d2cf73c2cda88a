import { codeOf, messageOf, NodeError } from "../../contract/error.js";
import type { Batch } from "../sandbox.js";
import { AnswerSize } from "./answer-size.js";
import { Engine, type Harness } from "./engine.js";
import type { Stop } from "./failures.js";
import type { Image } from "./image.js";
import type { Value } from "./instance.js";
import type { Reply, Request, Task } from "./messages.js";

/** Kept items that are worked on before their answers are handed over. */
const SLICE_ITEMS = 16384;

/**
 * Carries out steps of tasks, one task after the other, on this thread. The engine looks at the clock every few thousand
 * steps of the language. A single built-in, such as a search in a long text, can keep it from doing so: to be sure, end
 * the thread.
 */
export class Runner {
  readonly #image: Promise<Image<Harness>>;
  readonly #isCancelled: () => boolean;
  #run: Run | undefined;

  /** @param isCancelled asked every few thousand steps of the engine */
  constructor(image: Promise<Image<Harness>>, isCancelled: () => boolean) {
    this.#image = image;
    this.#isCancelled = isCancelled;
  }

  /** Carries out one step. Never rejects. */
  async handle(request: Request): Promise<Reply> {
    try {
      if ("task" in request) {
        this.close();
        this.#run = new Run(await this.#image, request.task, this.#isCancelled);
      }
      if (!this.#run) throw new NodeError("INTERNAL_ERROR", "There is no task to go on with");
      const reply = await this.#run.step(request);
      if (this.#run.isOver) this.close();
      return reply;
    } catch (error) {
      const printed = this.#run?.printed();
      this.close();
      return { code: codeOf(error), message: messageOf(error), ...(printed && { printed }) };
    }
  }

  /** Lets go of the task that there is, and all that its engine holds. */
  close(): void {
    this.#run?.close();
    this.#run = undefined;
  }
}

/** One task. Time counts while it is worked on, not while it waits for more. */
class Run {
  /** Whether all has been answered. */
  isOver = false;
  readonly #image: Image<Harness>;
  readonly #task: Task;
  readonly #isCancelled: () => boolean;
  #size: AnswerSize;
  /** ms. */
  #left: number;
  #deadline = 0;
  #stop: Stop | undefined;
  #engine: Engine | undefined;
  /** How many items came so far. */
  #count = 0;
  /** The tables whose records the code reads. */
  readonly #wants: number[] = [];

  constructor(image: Image<Harness>, task: Task, isCancelled: () => boolean) {
    this.#image = image;
    this.#task = task;
    this.#isCancelled = isCancelled;
    this.#size = new AnswerSize(task.source);
    this.#left = task.source.timeoutMs;
  }

  async step(request: Request): Promise<Reply> {
    const engine = await this.#opened();
    const began = performance.now();
    this.#deadline = began + this.#left;
    try {
      const answers = this.#answersTo(engine, request);
      this.#left -= performance.now() - began;
      this.isOver = "end" in request || ("task" in request && this.#task.kind === "values");
      const printed = this.isOver ? this.printed() : undefined;
      return { answers, left: this.#left, ...(printed && { printed }) };
    } catch (error) {
      this.#left -= performance.now() - began;
      if (this.#stop !== "records") throw error;
      // The code is called again from the beginning, with the records: it has changed nothing but its own engine.
      this.close();
      this.#stop = undefined;
      return { answers: [], left: this.#left, wants: this.#wants };
    }
  }

  /** What its code has printed. */
  printed(): string | undefined {
    return this.#engine?.printed();
  }

  close(): void {
    if (this.#engine) this.#image.close(this.#engine.instance, this.#engine.isBroken);
    this.#engine = undefined;
  }

  async #opened(): Promise<Engine> {
    if (this.#engine) return this.#engine;
    const instance = await this.#image.open();
    this.#engine = new Engine(instance, this.#image.prepared, this.#task.source, () => this.#stopped());
    const began = performance.now();
    this.#deadline = began + this.#left;
    const { engine, task } = { engine: this.#engine, task: this.#task };
    engine.check();
    engine.open();
    if (task.kind === "items") {
      const { kind, named, whole, initial, inPieces = false } = task.work;
      const first = initial === undefined ? instance.nothing() : engine.text(initial);
      const flags = [named, whole, inPieces].map((flag) => instance.boolean(flag));
      engine.call("items", engine.text(kind), first, ...flags);
    } else {
      instance.answer = (table) => {
        this.#wants.push(table);
        this.#stop = "records";
      };
    }
    this.#left -= performance.now() - began;
    return engine;
  }

  #stopped(): Stop | undefined {
    if (this.#stop === undefined) {
      if (this.#isCancelled()) this.#stop = "cancelled";
      else if (performance.now() >= this.#deadline) this.#stop = "deadline";
    }
    return this.#stop;
  }

  #answersTo(engine: Engine, request: Request): Batch[] {
    engine.check();
    const { instance } = engine;
    const task = this.#task;
    if ("items" in request) return this.#items(engine, request.items);
    if ("records" in request) {
      const records = engine.text(request.records.text);
      engine.call("records", instance.number(request.table), records);
      instance.free(records);
      return [];
    }
    if (task.kind === "values") {
      // Without the end of the records that it waits for, it is at its beginning.
      return this.#evaluate(engine, task);
    }
    if ("task" in request) return [];
    return this.#end(engine, task);
  }

  #items(engine: Engine, { text, count }: Batch): Batch[] {
    const { instance } = engine;
    const items = engine.text(text);
    const first = this.#count;
    this.#count += count;
    if (this.#task.kind === "items" && this.#task.work.whole) {
      engine.call("keep", items);
      instance.free(items);
      return [];
    }
    const answer = this.#stepOver(engine, items, first, this.#count);
    instance.free(items);
    return answer;
  }

  #end(engine: Engine, { work }: Extract<Task, { kind: "items" }>): Batch[] {
    const answers: Batch[] = [];
    for (let first = 0; work.whole && first < this.#count; first += SLICE_ITEMS) {
      const end = Math.min(this.#count, first + SLICE_ITEMS);
      answers.push(...this.#stepOver(engine, engine.instance.nothing(), first, end));
    }
    if (work.kind === "reduce") answers.push({ text: engine.callForText("finish", this.#size.add), count: 0 });
    return answers;
  }

  #stepOver(engine: Engine, items: Value, first: number, end: number): Batch[] {
    const { instance } = engine;
    if (this.#task.kind === "items" && this.#task.work.inPieces) this.#size = new AnswerSize(this.#task.source);
    const text = engine.callForText("step", this.#size.add, items, instance.number(first), instance.number(end));
    const isReduce = this.#task.kind === "items" && this.#task.work.kind === "reduce";
    return isReduce ? [] : [{ text, count: end - first }];
  }

  #evaluate(engine: Engine, { values, paths }: Extract<Task, { kind: "values" }>): Batch[] {
    const want = engine.instance.hostFunction();
    const [text, places] = [engine.text(values), engine.text(JSON.stringify(paths))];
    return [{ text: engine.callForText("evaluate", this.#size.add, text, places, want), count: 0 }];
  }
}
