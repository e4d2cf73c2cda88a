/** A transport of the caller's own: it executes nodes and flows, and all else happens elsewhere. */

import { getErrorRecoveryStrategy } from "../engine/recovery.js";
import { activeOf, ExecutionRegistry, type Registered } from "../executions/registry.js";
import type { Services } from "../services/contract.js";
import type { ActiveExecution, ExecutionEvents, NodeApi } from "../services/node.js";
import { TransportError } from "../transports/failure.js";
import { RemoteExecutions } from "../transports/remote/executions.js";
import { remoteNode } from "../transports/remote/node.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { demandChildren } from "../types/flow.js";
import { createExecutionId } from "../types/ids.js";
import type { ConductorTransport, RemoteTransport } from "../types/transport.js";
import type { Runs } from "./runs.js";

/** What goes with the transport. */
export interface OwnTransportOptions {
  /** The services of this process. */
  local: Services;
  /** Told how executions end, so that those who listen hear of it. */
  runs: Runs;
  /** Deadline of an execution in ms. Default none. */
  timeout: number | undefined;
  warn: (message: string) => void;
}

/** An execution that is not over. */
interface Running extends ActiveExecution, Registered {
  result: Promise<ExecutionResult>;
}

/**
 * Executes by the transport. What that throws is tried again after 1, 2 and 4 s; a result that says that it failed is
 * passed on. An execution that is cancelled ends here at once: the transport has no way to be told.
 */
export class OwnTransport {
  private readonly transport: RemoteTransport;
  private readonly executions: RemoteExecutions;
  private readonly running = new ExecutionRegistry<Running>();

  constructor(
    own: ConductorTransport,
    private readonly options: OwnTransportOptions,
  ) {
    this.transport = executing(own);
    this.executions = new RemoteExecutions(this.transport, { warn: options.warn });
  }

  /**
   * Runs a node or a flow. Never rejects.
   *
   * @param wanted its `timeout` in ms counts before that of the conductor; nothing else can be told to the transport
   */
  readonly run = async (
    node: NodeDefinition,
    given?: Partial<ConductorExecutionContext>,
    wanted?: { timeout?: number },
  ): Promise<ExecutionResult> => {
    const { runs, timeout, warn } = this.options;
    const executionId = createExecutionId(given?.executionId);
    const settings = { recovery: getErrorRecoveryStrategy, timeout: wanted?.timeout ?? timeout, warn };
    const { run } = remoteNode(this.transport, { ...settings, executions: this.executions });
    const result = run(node, { ...given, executionId });
    const running: Running = { executionId, nodeId: node?.id, startTime: Date.now(), result };
    return this.running.track(running, async () => {
      const ended = await result;
      runs.onEnd?.({ nodeId: node?.id, executionId }, ended);
      return ended;
    });
  };

  /** Services that execute by the transport; all else is done by the application whose page this is, or by this process. */
  over(application?: Services): Services {
    const { local } = this.options;
    const base = application ?? local;
    const events = application === undefined ? {} : eventsOfBoth(local.node, application.node);
    const run: NodeApi["run"] = (node, context) => this.run(node, context);
    return {
      ...base,
      node: {
        ...base.node,
        ...events,
        run,
        cancel: async (executionId) => {
          const ours = this.cancel(executionId);
          await Promise.all([ours, base.node.cancel(executionId)]);
        },
        active: async () => [...this.active(), ...(application === undefined ? [] : await application.node.active())],
        attach: (executionId) => this.running.get(executionId)?.result ?? base.node.attach(executionId),
      },
      flow: {
        ...base.flow,
        ...events,
        async run(flow, context) {
          demandChildren(flow);
          return run(flow, context);
        },
      },
      system: { ...base.system, health: local.system.health },
    };
  }

  /** Ends everything that runs. */
  cancelAll(): void {
    for (const { executionId } of this.running.list()) void this.executions.cancel(executionId);
  }

  /** Those that run, and the requests whose flow is being looked for. */
  private active(): ActiveExecution[] {
    return [...this.options.runs.list(), ...this.running.list().map(activeOf)];
  }

  /** Ends an execution, and those inside of it. */
  private async cancel(executionId: string): Promise<void> {
    this.options.runs.cancel(executionId);
    const found = this.running.inside(executionId);
    await Promise.all(found.map((running) => this.executions.cancel(running.executionId)));
  }
}

/** The one command that it knows. */
function executing(own: ConductorTransport): RemoteTransport {
  const call = async (channel: string, command: string, args?: unknown): Promise<unknown> => {
    // Callers that wait for it are to wait no longer.
    if (channel === "node" && command === "cancel") throw new TransportError("CANCELLED", "Execution cancelled");
    if (channel !== "node" || command !== "execute") {
      throw new TransportError("IMPLEMENTATION_NOT_FOUND", `This transport has no ${channel}.${command}`);
    }
    const { node, context } = args as { node: NodeDefinition; context: ConductorExecutionContext };
    return own.execute(node, context);
  };
  return {
    type: "local",
    call,
    execute: () => Promise.reject(new TransportError("IMPLEMENTATION_NOT_FOUND", "This transport runs nodes only")),
    listen: () => () => {},
    shutdown: async () => {},
  };
}

/** The transport's executions are told of here, those of the application there. */
function eventsOfBoth(one: ExecutionEvents, other: ExecutionEvents): ExecutionEvents {
  const both =
    (name: keyof ExecutionEvents) =>
    (callback: (event: never) => void): (() => void) => {
      const ends = [one, other].map((events) => events[name](callback as never));
      return () => {
        for (const end of ends) end();
      };
    };
  return { onProgress: both("onProgress"), onComplete: both("onComplete"), onError: both("onError") };
}
