/** The items of loops: asking for them, with what expressions give, and keeping what is answered. */
import { type Call, ExecutableParams } from "./call.js";
import type { Answers, Calls } from "./calls.js";
import { isThenable } from "./executables.js";
import { EventKind } from "./generated.js";
import { type Items, itemsOf, toItems } from "./items.js";
import type { NodeExpressions } from "./node-expressions.js";
import type { KnownItems } from "./recorder.js";
import type { RunRequest } from "./run-request.js";
import { Sparse } from "./sparse.js";

const LOOP_WITHOUT_ITEMS =
  "The loop found nothing to loop over, and ran its nodes once: give it an array over an edge (to the handle `default`, " +
  "`items` or `array`) or as parameter `array`, or a `count`";

const COUNTED_LOOP =
  "No list came to the loop, which ran its nodes `count` times instead: give it an array over an edge or as parameter `array`, or take " +
  "`loopType: forEach` away";

type Parameters = Record<string, unknown>;

/** The items of the loops of one run. */
export class LoopItems {
  /** What loops whose items come bit by bit were first asked with, by task. */
  private readonly asked = new Sparse<{ parameters: Parameters; names: Call["names"] | undefined }>();

  constructor(
    private readonly calls: Calls,
    private readonly request: RunRequest,
    private readonly answers: Answers,
    private readonly expressions: NodeExpressions | undefined,
  ) {}

  /** Notes that the items of a scope are asked for. */
  begin(task: number, attempt: number, known: number): Call {
    this.calls.markBegun(task);
    const call = this.call(task, attempt);
    call.known = known;
    return call;
  }

  /** Tells how many items a scope has. */
  tell(task: number, attempt: number, known: number): void {
    const { calls } = this;
    calls.markBegun(task);
    const index = calls.values.nodeOf(task);
    const node = calls.plan.node(index);
    const { input } = calls.values.scopeContext(task).own;
    let call: Call | undefined;
    const list = (parameters: Parameters | undefined) => (most?: number) =>
      itemsOf(parameters === node.parameters ? node : { ...node, parameters: parameters ?? {} }, input, known, most);
    const take = (answer: unknown) => {
      if (call?.over) return;
      this.take(task, attempt, known, toItems(answer), call);
    };
    const fail = (error: unknown) => {
      if (call?.over) return;
      if (call !== undefined) calls.end(call);
      const found = calls.errorOf(error, task);
      calls.errors.set(task, found);
      this.request.recorder?.error(task, attempt, found, undefined);
      this.answers.post(EventKind.failed, attempt, task, calls.numberOf(found.code));
    };
    try {
      const executable = this.request.executables?.getNodeExecutable(node.type);
      const hasExpressions = this.expressions?.has(index) === true;
      const tells = typeof executable?.items === "function";
      if (!tells && !hasExpressions) {
        return this.take(task, attempt, known, list(node.parameters)(), undefined);
      }
      call = this.call(task, attempt);
      const ask = (parameters: Parameters | undefined) => {
        const listed = list(parameters);
        if (!tells) return listed();
        const rounds = { results: calls.values.resultsOf(task), list: listed };
        return executable.items?.(new ExecutableParams(call as Call, parameters), known, rounds);
      };
      const answer = hasExpressions ? this.askResolved(call, task, index, known, ask) : ask(node.parameters);
      if (isThenable(answer)) Promise.resolve(answer).then(take).catch(fail);
      else take(answer);
    } catch (error) {
      fail(error);
    }
  }

  /** Asks for items with what expressions gave when the first ones were asked for. */
  private askResolved(
    call: Call,
    task: number,
    index: number,
    known: number,
    ask: (parameters: Parameters) => unknown,
  ): unknown {
    const before = known === 0 ? undefined : this.asked.get(task);
    if (before !== undefined) {
      if (before.names !== undefined) call.names = before.names;
      return ask(before.parameters);
    }
    const expressions = this.expressions as NodeExpressions;
    const node = this.calls.plan.node(index);
    const begin = (parameters: Parameters) => {
      expressions.checkItems(index, node, parameters);
      this.asked.set(task, { parameters, names: call.names });
      return ask(parameters);
    };
    const resolved = expressions.resolve(call, index, node.parameters as Parameters);
    return resolved instanceof Promise ? resolved.then(begin) : begin(resolved);
  }

  /** Takes the items that were answered. `inherited`: the number of the answer, where it was taken over from another execution. */
  take(task: number, attempt: number, known: number, found: Items, call: Call | undefined, inherited?: number): void {
    const items = { ...found, known };
    const { calls } = this;
    calls.redact?.note(calls.values.nodeOf(task), found.items, false);
    if (inherited === undefined) this.request.recorder?.items(task, attempt, items);
    else this.request.recorder?.inherited(task, attempt, inherited);
    const count = this.keep(task, items);
    if (found.counted && known === 0) calls.warnOf(task, "loop-without-items", COUNTED_LOOP);
    if (call !== undefined) calls.end(call);
    this.answers.post(found.more ? EventKind.itemsOpenEnded : EventKind.items, attempt, task, count);
  }

  /** Keeps the items of a scope; returns how many are known in all. */
  keep(task: number, found: KnownItems): number {
    const { items, more, known, once = false, total = more ? undefined : known + items.length } = found;
    const { calls } = this;
    const count = calls.values.addItems(task, known, found);
    if (!once) calls.activity.knowsRounds(calls.values.nodeOf(task), total, known);
    else calls.warnOf(task, "loop-without-items", LOOP_WITHOUT_ITEMS);
    return count;
  }

  /** A call that asks for items, kept so that it can be stopped like that of a leaf. */
  private call(task: number, attempt: number): Call {
    const { calls } = this;
    const call = calls.callIn(calls.values.scopeContext(task).own, task, attempt, 1);
    if (this.request.history !== undefined) calls.remember(call);
    calls.track(call);
    return call;
  }
}
