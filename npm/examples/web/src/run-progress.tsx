import type { Flow } from "./flow.ts";
import type { Run } from "./use-flow-run.ts";

const HEADLINES: Record<Run["status"], string> = {
  idle: "Not run yet",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** How far a run is, and which nodes it has to wait for. */
export function RunProgress({ flow, run: { status, progress } }: { flow: Flow; run: Run }) {
  const percent = progress?.progress ?? 0;
  const nameOf = (id: string) => flow.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <section className="progress" aria-label="Progress">
      <p role="status" className="progress-status" data-status={status}>
        <strong>{HEADLINES[status]}</strong>
        {status === "running" && progress && <span> {progress.message}</span>}
      </p>
      <div className="bar">
        <progress aria-label="Overall progress" max={100} value={percent} data-status={status} />
        <span>{percent} %</span>
      </div>
      {progress && progress.graph.criticalPath.length > 0 && (
        <p className="path">
          <span className="path-mark" /> Critical path: {progress.graph.criticalPath.map(nameOf).join(" → ")}
        </p>
      )}
    </section>
  );
}
