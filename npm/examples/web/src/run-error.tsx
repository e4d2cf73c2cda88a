import type { ExecutionError } from "@atomiton/conductor/slim";
import type { Flow } from "./flow.ts";
import { duration } from "./node-state.ts";

interface RunErrorProps {
  flow: Flow;
  error: ExecutionError;
  onRetry(): void;
}

/** Why a run did not succeed, and what to do about it. */
export function RunError({ flow, error: { code, message, nodeId, recovery }, onRetry }: RunErrorProps) {
  const node = flow.nodes.find(({ id }) => id === nodeId);
  const isCancel = code === "CANCELLED";
  return (
    <section
      className="outcome"
      data-tone={isCancel ? "calm" : "bad"}
      role={isCancel ? undefined : "alert"}
      aria-label="Error"
    >
      <h3>
        <code>{code}</code>
      </h3>
      <p>{message}</p>
      {node !== undefined && (
        <p className="hint">
          At the node <b>{node.name ?? node.id}</b>
        </p>
      )}
      {recovery !== undefined && (
        <>
          <h4>What to do</h4>
          <ul>
            {!isCancel && <li>{adviceOnRetrying(recovery)}</li>}
            {recovery.suggestions?.map((suggestion) => (
              <li key={suggestion}>{suggestion}</li>
            ))}
            {recovery.alternatives?.map((alternative) => (
              <li key={alternative}>Instead: {alternative}</li>
            ))}
          </ul>
        </>
      )}
      {recovery?.retryable && (
        <button type="button" className="primary" onClick={onRetry}>
          Retry
        </button>
      )}
    </section>
  );
}

function adviceOnRetrying({ retryable, retryDelayMs, maxRetries }: NonNullable<ExecutionError["recovery"]>): string {
  if (!retryable) return "Trying again as it is will not help.";
  const wait = retryDelayMs === undefined ? "" : `, ${duration(retryDelayMs)} from now`;
  const most = maxRetries === undefined ? "" : `; ${maxRetries} times at most`;
  return `Trying again can help${wait}${most}.`;
}
