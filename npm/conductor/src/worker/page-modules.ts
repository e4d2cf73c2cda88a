/** In the page: what it sends to its workers, so that a worker's script brings no WebAssembly module. */
import { quickJs, typeScript } from "@atomiton/nodes/browser";
import { engineModule } from "../engine/backend.js";
import { TransportError } from "../transports/failure.js";

/** The WebAssembly modules that workers of a page need. Each is compiled when it is first asked for. */
export interface PageModules {
  /** The engine. Rejects with the error of an engine that cannot start. */
  engine(): Promise<WebAssembly.Module>;
  /** What user code runs in. Rejects where it cannot be loaded or compiled. */
  quickJs(): Promise<WebAssembly.Module>;
  /** What reads user code in TypeScript. Rejects likewise. */
  typeScript(): Promise<WebAssembly.Module>;
}

/** Those of this page. */
export const pageModules: PageModules = {
  async engine() {
    const module = await engineModule();
    if (module !== undefined) return module;
    throw new TransportError("NO_TRANSPORT", "The worker cannot start: the engine of this page is not WebAssembly.");
  },
  quickJs,
  typeScript,
};
