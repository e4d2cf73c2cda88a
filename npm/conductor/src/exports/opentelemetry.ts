/** Executions as spans of OpenTelemetry, for programs that have `@opentelemetry/api`. */
export { type TracedConductor, type TracingOptions, traceConductor } from "../telemetry/trace-conductor.js";
