/** Workers for tests: the worker's side of a real port, in this thread. */
import { createConductor } from "@atomiton/conductor/browser";
import { executablesWith, nodeTypes } from "@atomiton/nodes/browser";
import { onTestFinished } from "vitest";
import type { ConductorConfig } from "../../src/api/settings.js";
import type { NodeExecutable, NodeExecutorFactory } from "../../src/engine/executables.js";
import { libraryTypes } from "../../src/engine/library-types.js";
import type { NodeDefinition } from "../../src/types/definition.js";
import { GivenModules } from "../../src/worker/given-modules.js";
import { type DemandedModule, type Handshake, type ModuleMessage, SERVE } from "../../src/worker/messages.js";
import { serve } from "../../src/worker/serve.js";

/** What a test knows of a worker, and can do to it. */
export class TestWorker {
  terminated = false;
  readonly #listeners = new Map<string, (event: { message?: string }) => void>();
  readonly #modules = new GivenModules();
  readonly #library = executablesWith(
    () => this.#demanded("quickjs"),
    () => this.#demanded("typescript"),
  );
  #port: MessagePort | undefined;

  /**
   * @param executables of the worker's own
   * @param reads whether a message about a module can be read here
   */
  constructor(
    private readonly executables?: NodeExecutorFactory,
    private readonly reads: (message: ModuleMessage) => boolean = () => true,
  ) {}

  #demanded(type: DemandedModule): Promise<WebAssembly.Module> {
    return this.#modules.demanded(type, () => this.#port?.postMessage({ type }));
  }

  addEventListener(type: string, listener: (event: { message?: string }) => void): void {
    this.#listeners.set(type, listener);
  }

  postMessage(message: Handshake | ModuleMessage, [port]: object[]): void {
    if (message.type !== SERVE) {
      if (this.reads(message)) this.#modules.take(message);
      return;
    }
    this.#port = port as MessagePort;
    void serve(this.#port, message.lock, {
      executables: {
        getNodeExecutable: (type) => this.executables?.getNodeExecutable(type) ?? this.#library.get(type),
      },
      modules: this.#modules,
      mayTransfer: () => this.executables === undefined,
      types: (closed) => libraryTypes(nodeTypes, closed && this.executables === undefined),
    });
  }

  terminate(): void {
    this.terminated = true;
    this.#port?.close();
  }

  /** An error that nobody caught. */
  fail(message: string): void {
    this.#listeners.get("error")?.({ message });
  }

  /** It is gone, as after running out of memory. */
  vanish(): void {
    this.#port?.close();
  }

  /** From now on it hears and says nothing, as while it computes. */
  hang(): void {
    if (this.#port === undefined) return;
    this.#port.onmessage = null;
    this.#port.postMessage = () => {};
  }
}

/** A conductor whose runs are in workers, and the workers that were started for it. */
export function inWorkers(
  config: ConductorConfig & { own?: NodeExecutorFactory; reads?: (message: ModuleMessage) => boolean } = {},
) {
  const workers: TestWorker[] = [];
  const { own, reads, ...rest } = config;
  const worker = () => {
    const started = new TestWorker(own, reads);
    workers.push(started);
    return started;
  };
  const conductor = createConductor({ transport: "local", worker, ...rest });
  onTestFinished(() => conductor.shutdown());
  return { conductor, workers };
}

/** A factory that has these functions, by type. */
export function executables(bodies: Record<string, NodeExecutable["execute"]>): NodeExecutorFactory {
  return {
    getNodeExecutable: (type) =>
      Object.hasOwn(bodies, type) ? { execute: bodies[type] as NodeExecutable["execute"] } : undefined,
  };
}

/** Fields for `edit-fields`. */
export function fields(id: string, values: Record<string, unknown>): NodeDefinition {
  return { id, type: "edit-fields", name: id, parameters: { values } } as NodeDefinition;
}

/** A node of a type without parameters. */
export function node(id: string, type: string, parameters: Record<string, unknown> = {}): NodeDefinition {
  return { id, type, name: id, parameters } as NodeDefinition;
}

/** A group whose children run one after the other. */
export function chain(id: string, ...nodes: NodeDefinition[]): NodeDefinition {
  const edges = nodes
    .slice(1)
    .map((target, at) => ({ id: `${id}-${at}`, source: (nodes[at] as NodeDefinition).id, target: target.id }));
  return { id, type: "group", name: id, nodes, edges } as NodeDefinition;
}

/** A promise, with what settles it. */
export function gate<T = void>() {
  let open!: (value: T) => void;
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}
