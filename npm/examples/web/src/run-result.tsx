import type { ExecutionResult } from "@atomiton/conductor/slim";
import { duration } from "./node-state.ts";

/** What a run gave. */
export function RunResult({ result }: { result: ExecutionResult }) {
  // A server sends no more than the result itself.
  const outputs = Object.entries(result.outputs ?? {});
  return (
    <section className="outcome" data-tone="good" aria-label="Result">
      <h3>Result</h3>
      <p className="hint">It took {duration(result.duration)}.</p>
      <pre>{asText(result.data)}</pre>
      {outputs.length > 0 && (
        <details>
          <summary>Outputs of all nodes</summary>
          {outputs.map(([id, output]) => (
            <div key={id}>
              <h4>{id}</h4>
              <pre>{asText(output)}</pre>
            </div>
          ))}
        </details>
      )}
    </section>
  );
}

const LONGEST = 20_000;

/** A value as JSON, shortened if it is long; in words where JSON has none. */
function asText(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value, null, 2) ?? String(value);
  } catch {
    text = String(value);
  }
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… ${text.length - LONGEST} more characters` : text;
}
