/** The runs of one conductor: starting them, telling about them, stopping them. */
import type { FileAccess, NetworkAccess, Responder } from "@atomiton/nodes";
import { messageOf } from "@atomiton/values";

import type { FlowRunner } from "../engine/call.js";
import { Run } from "../engine/driver.js";
import type { Isolates, NodeExecutorFactory } from "../engine/executables.js";
import { coded, failure, LACKING, safelyThrown } from "../engine/failure.js";
import {
  type FlowNodeTypes,
  type FlowProblem,
  flowWarnings,
  ignoredPolicies,
  isSound,
  problemText,
  shapeProblems,
} from "../engine/flows.js";
import type { OpenRun } from "../engine/followed-run.js";
import { createLog, type Log } from "../engine/log.js";
import { type Outline, outlineOf } from "../engine/outline.js";
import { RunRedact } from "../engine/redact.js";
import { giveWay } from "../engine/turn.js";
import { RunView } from "../engine/view.js";
import type { ConductorEventEmitter } from "../events/emitter.js";
import { isolator } from "../events/isolate.js";
import { activeOf, ExecutionRegistry } from "../executions/registry.js";
import { Redaction } from "../expressions/redaction.js";
import type { ActiveExecution, NodeApi } from "../services/node.js";
import type { Cause } from "../types/cause.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult, RunWarning } from "../types/execution.js";
import type { NodeId } from "../types/ids.js";
import type { OpenQuestion } from "../types/question.js";
import type { ResumeOptions } from "../types/recovery.js";
import type { TracedExecution, TraceSpan } from "../types/tracing.js";
import type { ReuseGate } from "./cache/gate.js";
import { contextOf, strangeKeys } from "./contexts.js";
import { simulateWith } from "./debug-controller.js";
import type { Durability } from "./durable/durability.js";
import type { KeptExecutions } from "./durable/kept-executions.js";
import type { KeptRun } from "./durable/kept-run.js";
import type { Environment } from "./environment.js";
import type { Etas } from "./eta/etas.js";
import {
  type Carried,
  type Coming,
  type Execution,
  type ExecutionLineage,
  type ExecutionRef,
  hold,
  Left,
  lostOf,
  parentsOf,
  release,
  stop,
  traceOf,
  unkeptMemory,
} from "./execution.js";
import type { FindFlow, LabelDemand } from "./labels.js";
import type { LiveViews } from "./live-views.js";
import { Questions } from "./questions.js";
import { RunResult, shownOf } from "./result.js";
import {
  type ConductorConfig,
  environmentDefaults,
  expressionSources,
  fileSettings,
  labelSetting,
  networkSettings,
  programSettings,
  type RunSettings,
  runOptions,
} from "./settings.js";
import type { StoreFeed } from "./store.js";
import { warnedVariables } from "./variables.js";

/** Between two words to the run around one that is a part of it, in ms. */
const INSIDE_INTERVAL_MS = 100;

/** From this many direct children on, a flow is analysed only after the host had its turn. */
const LARGE_FLOW = 50;

/** Causes of executions that belong to the request in which they begin. */
const OF_REQUESTS: ReadonlySet<string> = new Set(["call", "webhook"]);

const METADATA_NOT_KEPT =
  "The `metadata` of the request is not kept: the conductor that runs it has no store. Give it one, or leave `metadata` out";

const NO_STORE =
  'The conductor has no store: give it one, as in `createConductor({ store: "sqlite:./conductor.db" })`, in a page `"indexeddb:conductor"`';

/** The executions of one conductor, each from its start to its result. */
export class Runs {
  /** Executions that are not over. */
  private readonly active = new ExecutionRegistry<Execution>();
  /** Executions whose flow is being looked for. */
  private readonly coming = new ExecutionRegistry<Coming>();
  private readonly defaults = environmentDefaults();
  private readonly files: FileAccess | undefined;
  private readonly network: NetworkAccess | undefined;
  private readonly programs: boolean | undefined;
  /** Flows of which it was said that they ask for something in vain. */
  private readonly warned = new WeakSet<Outline>();
  private readonly found = new WeakMap<Outline, RunWarning[]>();
  /** Told of every end, after the listeners for events. */
  onEnd: ((context: ExecutionRef, result: ExecutionResult) => void) | undefined;
  /** How nodes run other flows. */
  flows: FlowRunner | undefined;
  /** Gives the flow that a node names. */
  findFlow: FindFlow = async () => undefined;
  /** What this process offers. */
  private readonly labels: ReadonlySet<string>;
  /** Keeps executions apart from this process; missing where none are. */
  isolation: Isolates | undefined;
  /** Takes outputs again; missing where none may be. */
  reuse: ReuseGate | undefined;
  /** Gives what keeps executions in a store; missing where they last no longer than this process. */
  durability: (() => Promise<Durability>) | undefined;
  /** What looks after them, once something is to be kept or looked for. */
  private loaded: KeptExecutions | undefined;
  /** The histories of flows, once a run was watched. */
  private etas: Etas | undefined;
  /** What nodes ask people. */
  readonly questions: Questions;
  /** Makes what tells those who follow executions from elsewhere. */
  liveViews: Environment["liveViews"] | undefined;
  /** That, once there is a follower. */
  private live: LiveViews | undefined;

  constructor(
    private config: ConductorConfig,
    private readonly events: ConductorEventEmitter,
    private readonly feed: StoreFeed,
    private readonly log: Log,
    private readonly types: () => FlowNodeTypes,
    private readonly openRun: OpenRun = Run.open,
  ) {
    this.questions = new Questions(isolator(log, "A listener"));
    this.files = fileSettings(config.files);
    this.network = networkSettings(config.network);
    this.programs = programSettings(config.programs);
    this.labels = labelSetting(config.labels);
  }

  /** Runs a node, or a flow. Rejects only for a node without id; whatever else goes wrong is in the result. */
  async run(
    node: NodeDefinition,
    given?: Partial<ConductorExecutionContext>,
    wanted?: RunSettings,
  ): Promise<ExecutionResult> {
    const named = given?.executionId;
    // Where executions are kept, an id is that of one.
    const attached = this.durability !== undefined && typeof named === "string" ? this.attach(named) : undefined;
    if (attached !== undefined) return attached;
    const doubts = strangeKeys(given);
    return this.carryOut(node, contextOf(node, given), Boolean(named), wanted, undefined, { doubts });
  }

  /** Goes on with one execution. Rejects where it is over, unknown, or another process has it. */
  async resume(executionId: string, options?: ResumeOptions): Promise<ExecutionResult> {
    const active = this.active.get(executionId);
    if (active === undefined) return (await this.kept()).resume(executionId, options);
    if (active.paused) this.pause(executionId, false);
    return this.attach(executionId) as Promise<ExecutionResult>;
  }

  /** What is new of how an execution looks; see `NodeApi.view`. */
  readonly view: NodeApi["view"] = async (executionId, after, signal) => {
    const made = await this.liveViews?.(
      (id) => this.active.get(id)?.view ?? (this.isComing(id) ? "coming" : undefined),
    );
    this.live ??= made;
    return (await this.live?.news(executionId, after, signal)) ?? { cursor: "" };
  };

  /** Whether an execution without a view begins, or goes on, by itself. */
  private isComing(executionId: string): boolean {
    const known = this.active.get(executionId) ?? this.coming.get(executionId);
    return (known ?? this.loaded?.sleepers.attach(executionId)) !== undefined;
  }

  /** Those who follow executions have to ask again. */
  endViews(): void {
    this.live?.close();
  }

  /** The questions that are open, also of executions of the store that are not in memory. */
  async waiting(executionId?: string): Promise<OpenQuestion[]> {
    const open = this.questions.waiting(executionId);
    return this.durability === undefined ? open : [...open, ...(await (await this.kept()).asked(open, executionId))];
  }

  /**
   * Answers a question, by its id or by that of an execution which asks only one.
   *
   * @throws Error as {@link Questions.answer}; INVALID_PARAMETERS also where another process has the execution
   */
  async answer(id: string, answer: unknown): Promise<void> {
    const { questions } = this;
    if (this.durability === undefined || questions.waiting(id).length > 0) return questions.answer(id, answer);
    await (await this.kept()).answer(id, answer);
  }

  /** What of a flow would be refused here; nothing where the owner said nothing of labels, as it may be for another process. */
  async labelWarnings(node: NodeDefinition): Promise<FlowProblem[]> {
    return this.config.labels === undefined ? [] : (await import("./labels.js")).labelWarnings(node, this.labels);
  }

  private async labelsAskedBy(node: NodeDefinition): Promise<LabelDemand[]> {
    return (await import("./labels.js")).labelsAskedBy(node, this.findFlow);
  }

  /** What looks after executions of the store that are not in memory; rejects with INVALID_PARAMETERS where there is no store. */
  async kept(): Promise<KeptExecutions> {
    if (this.loaded !== undefined) return this.loaded;
    if (this.durability === undefined) throw coded("INVALID_PARAMETERS", NO_STORE, undefined);
    const durability = await this.durability();
    const { KeptExecutions } = await import("./durable/kept-executions.js");
    this.loaded ??= new KeptExecutions(durability, {
      log: this.log,
      questions: this.questions,
      types: this.types,
      warnings: this.warnings,
      executables: () => this.config.nodeExecutorFactory,
      labelsAskedBy: (node) => this.labelsAskedBy(node),
      isActive: (id) => this.active.get(id) !== undefined,
      attach: (id) => this.attach(id),
      goOn: (found) => this.carryOut(found.node, found.context, true, undefined, undefined, { kept: found }),
      goOnInMemory: (found) =>
        this.carryOutInMemory(found.node, found.context, true, undefined, undefined, { kept: found }),
      optionsOf: (node, context) => runOptions(this.config, this.defaults, node, context, undefined, outlineOf(node)),
      hasConcurrency: () => this.config.concurrency !== undefined,
    });
    return this.loaded;
  }

  /** The same, for an execution that can be cancelled or paused there; `undefined` for any other. */
  async keptOpen(executionId: string): Promise<KeptExecutions | undefined> {
    const kept = this.durability && typeof executionId === "string" ? await this.kept() : undefined;
    return (await kept?.isOpen(executionId)) ? kept : undefined;
  }

  /** Runs a flow as a part of another run, without a word to listeners and stores. */
  runInside(
    flow: NodeDefinition,
    context: ConductorExecutionContext,
    onProgress: (percent: number) => void,
    key: string,
    executables: NodeExecutorFactory | undefined,
    around: TraceSpan | undefined,
  ): Promise<ExecutionResult> {
    return this.carryOut(flow, context, true, undefined, onProgress, { key, executables, around });
  }

  /** Carries an execution out; where it leaves memory in between, its result is there once it is over all the same. */
  private carryOut(...execution: Parameters<Runs["carryOutInMemory"]>): Promise<ExecutionResult> {
    const result = this.carryOutInMemory(...execution);
    if (this.durability === undefined) return result as Promise<ExecutionResult>;
    return result.then((ended) => {
      if (!(ended instanceof Left)) return ended;
      // Only what is kept leaves memory.
      return (this.loaded as KeptExecutions).sleepers.hold(ended.place, ended.wakeAt);
    });
  }

  private async carryOutInMemory(
    node: NodeDefinition,
    context: ConductorExecutionContext,
    named: boolean,
    wanted: RunSettings | undefined,
    onProgress: Execution["onProgress"],
    { kept, key, executables, around, doubts = [] }: Carried = {},
  ): Promise<ExecutionResult | Left> {
    let found = kept;
    const { executionId, nodeId, parentContext } = context;
    const parents = parentsOf(parentContext);
    const execution: Execution = {
      executionId,
      nodeId,
      parents,
      secrets: kept?.secrets ?? this.secretsAround(parents),
      context,
      startTime: Date.now(),
      waiting: undefined,
      result: undefined,
      cancelled: false,
      paused: false,
      begin: undefined,
      run: undefined,
      onProgress,
      next: undefined,
      responder: wanted?.cause?.respond ?? this.responderAround(parents),
      executables,
      span: undefined,
    };
    // An id that was made here has no slash in it; looking for one would cost more than the rest of this.
    this.active.begin(execution, execution.parents.length > 0 || (named && executionId.includes("/")));
    try {
      // Listeners know an execution that left memory here.
      const isKnown = kept !== undefined && this.loaded?.sleepers.attach(executionId) !== undefined;
      execution.span = this.beginSpan({ executionId, flowId: nodeId }, around, kept, wanted?.cause);
      if (onProgress === undefined && !isKnown) {
        this.events.emitStarted({ executionId, nodeId, ...traceOf(execution) });
      }
      if ((node.nodes?.length ?? 0) >= LARGE_FLOW) await undefined;
      if (execution.cancelled) return this.cancelledAtOnce(execution);
      if (kept === undefined) execution.doubts = [...doubts, ...warnedVariables(node, context.variables)];
      const outline = outlineOf(node);
      const mayAsk = kept === undefined && outline.mayAskForLabels === true && isSound(node);
      const asked = mayAsk ? await this.labelsAskedBy(node) : [];
      if (this.durability === undefined) {
        if (asked.length > 0) (await import("./labels.js")).demandLabels(asked, this.labels);
        if (execution.cancelled) return this.cancelledAtOnce(execution);
        if (wanted?.metadata !== undefined) execution.notKept = METADATA_NOT_KEPT;
        return await this.carryOn(node, execution, wanted, undefined, outline);
      }
      const options = runOptions(this.config, this.defaults, node, context, wanted, outline);
      const redact = this.redactionOf(outline, execution);
      // What cannot be run is not kept.
      if (found === undefined && isSound(node)) {
        found = await (await this.kept()).durability.begin({
          id: key ?? executionId,
          mayExist: named && wanted?.cause?.isNew !== true,
          node,
          context,
          options,
          parentId: key === undefined ? undefined : parentContext?.executionId,
          secrets: execution.secrets,
          redact,
          metadata: wanted?.metadata,
          asked,
          cause: wanted?.cause,
          trace: execution.span?.headers(),
        });
        if (found.trace !== undefined) execution.span?.follows(found.trace);
      } else if (found === undefined) {
        const [problem] = shapeProblems(node);
        if (problem !== undefined)
          execution.notKept = `The execution is not kept in the store: ${problemText(problem)}`;
      }
      if (kept === undefined && found !== undefined) await (await this.kept()).refuseLeftOut(found);
      execution.context = found?.context ?? context;
      execution.secrets = found?.secrets ?? execution.secrets;
      if (execution.cancelled) {
        if (found?.recorder !== undefined) this.noteEnd(execution);
        await found?.recorder?.end(failure("CANCELLED", "Execution cancelled", { nodeId, executionId }));
        return this.cancelledAtOnce(execution);
      }
      return await this.carryOn(found?.node ?? node, execution, wanted, found);
    } catch (error) {
      await found?.recorder?.block(messageOf(error));
      // The definition, or what was given with it, threw when it was looked at.
      const thrown = safelyThrown(error, { nodeId, executionId });
      execution.run?.abandon(thrown);
      this.events.endProgress(executionId);
      return this.refuse(node, execution, thrown);
    } finally {
      this.active.end(execution);
      const { toldEnd } = execution;
      // Those who began it tell of it once they have the result.
      if (toldEnd !== undefined) giveWay(toldEnd);
    }
  }

  /** An execution ends: it is told once that is on disk. */
  private noteEnd(execution: Execution): void {
    if (execution.onProgress === undefined) execution.toldEnd ??= this.events.notesEnd(execution.executionId);
  }

  /** The span of an execution that begins, or goes on; `undefined` without tracing. */
  private beginSpan(
    of: TracedExecution,
    around: TraceSpan | undefined,
    kept: KeptRun | undefined,
    cause: Cause | undefined,
  ): TraceSpan | undefined {
    const { tracer } = this.events;
    if (tracer === undefined) return undefined;
    if (around !== undefined) return around.execution(of);
    if (kept?.trace !== undefined) return tracer.begin(of, { headers: kept.trace, isRoot: true });
    // What a trigger finds by itself has nothing to do with the request that armed it.
    const isRoot = kept?.past !== undefined || (cause !== undefined && !OF_REQUESTS.has(cause.trigger));
    return tracer.begin(of, isRoot ? { isRoot } : { headers: this.events.requestHeaders });
  }

  /** The secrets of the executions around one, or a place for its own; `undefined` where the conductor has none. */
  private secretsAround(parents: readonly string[]): Redaction | undefined {
    for (const parent of parents) {
      const secrets = this.active.get(parent)?.secrets;
      if (secrets !== undefined) return secrets;
    }
    return this.config.secrets && new Redaction();
  }

  private responderAround(parents: readonly string[]): Responder | undefined {
    for (const parent of parents) {
      const responder = this.active.get(parent)?.responder;
      if (responder !== undefined) return responder;
    }
    return undefined;
  }

  /** What a run of an execution shows of its values. */
  private redactionOf(outline: Outline, execution: Pick<Execution, "secrets">): RunRedact | undefined {
    if (outline.redacts !== true) return undefined;
    execution.secrets ??= new Redaction();
    return new RunRedact(outline, execution.secrets);
  }

  private async carryOn(
    node: NodeDefinition,
    execution: Execution,
    wanted: RunSettings | undefined,
    kept?: KeptRun,
    outline = outlineOf(node),
  ): Promise<ExecutionResult | Left> {
    const view = this.open(outline, node, execution, wanted, kept);
    if (view === undefined) {
      const refused = this.refuse(node, execution);
      await kept?.recorder?.end(refused.error);
      return refused;
    }
    return this.follow(node, view, execution);
  }

  /** Changes what counts for runs that begin from now on. */
  configure({ concurrency, timeout }: Pick<ConductorConfig, "concurrency" | "timeout">): void {
    this.config = {
      ...this.config,
      ...(concurrency !== undefined && { concurrency }),
      ...(timeout !== undefined && { timeout }),
    };
  }

  /** Executions that are not over, in the order in which they began. */
  list(): ActiveExecution[] {
    const asleep = this.loaded?.sleepers.list() ?? [];
    return [...[...this.coming.list(), ...this.active.list()].map(activeOf), ...asleep];
  }

  /** The result of an execution that is not over; `undefined` for an unknown id. */
  attach(executionId: string): Promise<ExecutionResult> | undefined {
    const execution = this.active.get(executionId);
    if (execution === undefined) return this.loaded?.sleepers.attach(executionId);
    if (execution.result !== undefined) return Promise.resolve(execution.result);
    return new Promise((resolve) => {
      execution.waiting ??= [];
      execution.waiting.push(resolve);
    });
  }

  /** Lets an execution, and those that it started, start nothing more, or go on. False for an unknown id. */
  pause(executionId: string, paused: boolean): boolean {
    const found = this.active.inside(executionId);
    for (const execution of found) (paused ? hold : release)(execution);
    return found.length > 0;
  }

  /**
   * Notes that an execution is about to begin, so that it can be cancelled already. What is returned ends that, and says
   * whether it was.
   */
  announce(place: ExecutionLineage & { nodeId: string }): () => boolean {
    const { executionId, nodeId, parentContext } = place;
    const parents = parentsOf(parentContext);
    const coming = this.coming.begin({
      executionId,
      nodeId,
      parents,
      startTime: Date.now(),
      cancelled: false,
    });
    return () => {
      this.coming.end(coming);
      return coming.cancelled;
    };
  }

  /** Stops all runs of an execution, and those that they started. */
  cancel(executionId: string): boolean {
    for (const coming of this.coming.inside(executionId)) coming.cancelled = true;
    const found = this.active.inside(executionId);
    found.forEach(stop);
    return found.length > 0;
  }

  /** Stops everything. */
  cancelAll(): void {
    for (const coming of this.coming.list()) coming.cancelled = true;
    this.active.list().forEach(stop);
  }

  /** Opens the run of an execution; `undefined` when the flow cannot be run. */
  private open(
    outline: Outline,
    node: NodeDefinition,
    execution: Execution,
    wanted: RunSettings | undefined,
    kept: KeptRun | undefined,
  ): RunView | undefined {
    const { context, executionId } = execution;
    const { events, feed } = this;
    const { logScope, tracer } = events;
    const outermost = execution.parents.at(-1) ?? executionId;
    let view: RunView | undefined;
    const redact = kept?.redact ?? this.redactionOf(outline, execution);
    redact?.note(0, context.input, false);
    redact?.note(0, context.variables, false);
    const options = kept?.options ?? runOptions(this.config, this.defaults, node, context, wanted, outline);
    const usual = this.config.nodeExecutorFactory;
    const isolated =
      execution.executables === undefined && usual ? this.isolation?.executablesOf(executionId, usual) : undefined;
    const run = this.openRun(outline, {
      context,
      executables: execution.executables ?? isolated ?? usual,
      options,
      reuse: this.reuse?.forRun(outline.cachesOutputs === true),
      recorder: kept?.recorder,
      history: kept?.history,
      pauses: kept?.pauses === true,
      inheritance: kept?.inheritance,
      // Of one that is over nothing more is written.
      past: kept?.recorder === undefined ? kept?.past : undefined,
      held: kept?.held,
      lost: isolated && (() => lostOf(isolated, execution)),
      log: context.debug ? createLog("debug") : this.log,
      expressions: outline.expressions && expressionSources(this.config),
      secrets: execution.secrets,
      redact,
      flows: this.flows,
      asker: this.questions.ask,
      responder: execution.responder,
      files: this.files,
      network: this.network,
      programs: this.programs,
      simulate: simulateWith(this.config.debugController, outline),
      inLogScope: logScope && ((of, work) => logScope({ executionId: outermost, ...of }, work)),
      onEnding: () => this.noteEnd(execution),
      countCall: events.callCounter,
      tracing: execution.span && tracer && { span: execution.span, follow: tracer.follow },
      onChange: (index, packed, step, time) => {
        const state = view?.change(index, packed, step, time);
        if (view !== undefined && state !== undefined) feed.changed(view, state);
      },
      onRetry: (index) => {
        const state = view?.touch(index);
        if (view !== undefined && state !== undefined) feed.changed(view, state);
      },
      onStep: () => {
        if (view === undefined) return;
        view.onStepped?.();
        if (execution.onProgress !== undefined) return this.tellAround(view, execution);
        feed.stepped(view);
        if (events.hasProgressListeners) events.emitProgress(view.look, executionId);
      },
    });
    if (run === undefined) return undefined;
    if (isolated !== undefined) {
      // What would follow cannot be carried out.
      isolated.onLost = () => {
        if (!run.isFinished) run.cancel();
      };
      void run.done.then(() => isolated.end());
    }
    const unkept = unkeptMemory(wanted?.maxMemory, isolated?.memory);
    if (unkept !== undefined) execution.notKept = [execution.notKept, unkept].filter(Boolean).join(". ");
    this.warnOf(outline);
    const { notKept, doubts = [] } = execution;
    const doubtful = notKept === undefined ? doubts : [{ rule: "not-kept", message: notKept }, ...doubts];
    for (const { rule, message } of doubtful) {
      if (run instanceof Run) run.warn(rule, message);
      else this.log.warn(`[CONDUCTOR] ${message}`);
    }
    const opened = new RunView(run);
    view = opened;
    if (kept?.recorder !== undefined && execution.onProgress === undefined) {
      const openedAt = Date.now();
      opened.onLook = () => void this.estimate(opened, options.concurrency, openedAt);
    }
    return view;
  }

  /** Lets a run that is watched tell what is to be expected of it. */
  private async estimate(view: RunView, concurrency: number, openedAt: number): Promise<void> {
    const { events, feed, log } = this;
    const { executionId, nodeId } = view.run.context;
    if (view.run.isFinished) return this.etas?.missed(nodeId);
    try {
      const { durability } = await this.kept();
      if (this.etas === undefined) {
        const { Etas } = await import("./eta/etas.js");
        this.etas ??= new Etas(durability, log);
      }
      const isAsking = () => this.questions.waiting(executionId).length > 0;
      if (!(await this.etas.follow(view, concurrency, openedAt, isAsking))) return;
      feed.estimated(view);
      if (events.hasProgressListeners) events.emitProgress(view.look, executionId);
    } catch (error) {
      log.warn("[CONDUCTOR] How long a run still takes, and what is critical in it, cannot be told", error);
    }
  }

  /** What flows are warned of, found out when it is asked for, and once where a flow is run again. */
  private readonly warnings = (outline: Outline): RunWarning[] => {
    let warnings = this.found.get(outline);
    if (warnings === undefined) {
      warnings = flowWarnings(outline.nodes[0] as NodeDefinition, this.types()).map(
        ({ rule = "", message, nodeId = "", path }) => ({ rule, message, nodeId, path }),
      );
      this.found.set(outline, warnings);
    }
    return warnings;
  };

  /** Says once what a flow asks for in vain. */
  private warnOf(outline: Outline): void {
    const { ignoresPolicies, cachesOutputs, nodes } = outline;
    const cachesInVain = cachesOutputs === true && this.openRun !== Run.open;
    if (!(ignoresPolicies || cachesInVain) || this.warned.has(outline)) return;
    this.warned.add(outline);
    if (cachesInVain) this.log.warn(`[CONDUCTOR] Flow '${outline.nodes[0]?.id}': outputs are not reused in a worker`);
    for (const warning of ignoredPolicies(nodes[0] as NodeDefinition)) {
      this.log.warn(`[CONDUCTOR] Node '${warning.nodeId}': ${problemText(warning)}`);
    }
  }

  private async follow(node: NodeDefinition, view: RunView, execution: Execution): Promise<ExecutionResult | Left> {
    const { context, executionId } = execution;
    const { events, feed } = this;
    const { run } = view;
    execution.run = run;
    if (run.opened !== undefined && !(await run.opened)) return this.refuse(node, execution);
    const isInside = execution.onProgress !== undefined;
    execution.view = view;
    this.live?.began(executionId, view);
    if (!isInside) feed.show(view);
    if (!isInside && events.hasProgressListeners) events.emitProgress(view.look, executionId);
    // A watcher that was shown the run may have cancelled it by now.
    if (!run.isFinished) {
      run.isPaused = execution.paused;
      if (execution.paused) execution.begin = () => run.start();
      else run.start();
    }
    const outcome = await run.done;
    if (view.onLook !== undefined) this.etas?.missed(context.nodeId);
    if (outcome.left !== undefined) {
      this.live?.left(executionId);
      return this.left(execution, outcome.left.wakeAt);
    }
    const result = new RunResult(run, outcome, context, Math.round(run.duration), this.warnings);
    if (!isInside) {
      feed.stepped(view, () => RunResult.traceOf(result));
      events.flushProgress(executionId);
      events.endProgress(executionId);
    }
    return this.conclude(execution, result);
  }

  /** An execution left memory: those who wait for it hear of its end later. */
  private left(
    { executionId, nodeId, startTime, waiting = [], run, span }: Execution,
    wakeAt: number | undefined,
  ): Left {
    this.events.flushProgress(executionId);
    this.events.endProgress(executionId);
    span?.end({ state: "left" });
    const place: ActiveExecution = { executionId, nodeId, startTime, ...(run?.isPaused === true && { paused: true }) };
    // Only what is kept leaves memory.
    const { sleepers } = this.loaded as KeptExecutions;
    sleepers.left(place, wakeAt);
    for (const tell of waiting) void sleepers.hold(place, wakeAt).then(tell);
    return new Left(place, wakeAt);
  }

  /** Tells the run around an execution how far it is, now and then: looking takes time. */
  private tellAround({ run, look }: RunView, execution: Execution): void {
    const now = Date.now();
    if (run.isFinished || now < (execution.tellAt ?? execution.startTime + INSIDE_INTERVAL_MS)) return;
    execution.tellAt = now + INSIDE_INTERVAL_MS;
    // Not in the middle of a step.
    queueMicrotask(() => {
      if (!run.isFinished) execution.onProgress?.(look().cachedProgress);
    });
  }

  private refuse(node: NodeDefinition, execution: Execution, thrown?: ExecutionError): ExecutionResult {
    const { context, startTime, executionId, nodeId } = execution;
    // What threw with a code of its own says why by itself.
    const says = thrown !== undefined && thrown.code !== "EXECUTION_FAILED";
    const lacking = (thrown?.cause as { [LACKING]?: LabelDemand } | undefined)?.[LACKING];
    const [problem] = says ? [] : shapeProblems(node);
    const code: ErrorCode = problem?.code ?? thrown?.code ?? "INTERNAL_ERROR";
    const message = problem?.message ?? thrown?.message ?? "The flow could not be compiled";
    const error: ExecutionError = failure(
      code,
      message,
      { nodeId: (lacking?.nodeId as NodeId | undefined) ?? nodeId, executionId },
      {
        stack: new Error(message).stack as string,
        context: {
          ...(lacking && { path: lacking.path, nodeId: lacking.nodeId }),
          ...(problem && { path: problem.path, nodeId: problem.nodeId, text: problemText(problem) }),
        },
      },
    );
    if (lacking !== undefined && thrown?.recovery !== undefined) error.recovery = thrown.recovery;
    const duration = Date.now() - startTime;
    return this.conclude(execution, { success: false, error, duration, executedNodes: [nodeId], context });
  }

  /** A listener for `started` cancelled the execution: nothing runs. */
  private cancelledAtOnce(execution: Execution): ExecutionResult {
    const { context, nodeId, executionId } = execution;
    const error = failure("CANCELLED", "Execution cancelled", { nodeId, executionId });
    return this.conclude(execution, { success: false, error, duration: 0, executedNodes: [], context });
  }

  /** `result` has an error exactly when it failed. */
  private conclude(execution: Execution, result: ExecutionResult): ExecutionResult {
    const { executionId, nodeId, waiting, span } = execution;
    const shown = shownOf(result);
    this.live?.ended(executionId);
    span?.end({ error: shown.error });
    if (execution.onProgress !== undefined) return result;
    execution.result = result;
    const told = { executionId, result: shown, ...traceOf(execution) };
    if (result.success) this.events.emitCompleted(told);
    else {
      const { message, code, nodeId: failed = nodeId } = result.error as ExecutionError;
      this.events.emitError({ ...told, nodeId: failed, code, error: new Error(message) });
    }
    this.onEnd?.(execution, shown);
    if (waiting !== undefined) for (const tell of waiting) tell(result);
    this.loaded?.sleepers.ended(executionId, result);
    return result;
  }
}
