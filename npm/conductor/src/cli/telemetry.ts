/** What `serve --telemetry` uses of OpenTelemetry: the global providers, which a module registered before. */
import type { Conductor } from "../exports/node.js";
import type { MeterProvider } from "../server/meter.js";
import { UsageError } from "./exit.js";

/** What the process registered, of which there is one at least. */
export interface Telemetry {
  /** Makes spans of executions; what is returned ends that. Missing where no provider makes spans. */
  trace: ((conductor: Conductor) => () => void) | undefined;
  /** Takes metrics; missing where none is registered. */
  meterProvider: MeterProvider | undefined;
}

/**
 * Loaded by those who want it: its dependency is optional.
 *
 * @param say told of what there is no provider for
 */
export async function openTelemetry(say: (message: string) => void): Promise<Telemetry> {
  const { meterProvider, traceConductor } = await loaded();
  if (meterProvider === undefined && traceConductor === undefined) {
    throw new UsageError(
      '--telemetry needs a provider, which a module registers before: NODE_OPTIONS="--import ./telemetry.mjs" conductor serve --telemetry',
    );
  }
  if (meterProvider === undefined) say("--telemetry makes spans only: no MeterProvider is registered for metrics");
  if (traceConductor === undefined) say("--telemetry gives metrics only: no TracerProvider is registered for spans");
  return { trace: traceConductor, meterProvider };
}

async function loaded() {
  try {
    const { registeredMeterProvider, registeredTracing } = await import("../telemetry/registered.js");
    return { meterProvider: registeredMeterProvider(), traceConductor: registeredTracing() };
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("--telemetry needs the package @opentelemetry/api, and an SDK; install them");
  }
}
