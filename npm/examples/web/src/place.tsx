import { apiUrl, conductor } from "./conductor.ts";
import { useHealth } from "./use-health.ts";

/** Where flows run, and how that is doing. */
export function Place() {
  const { health, check } = useHealth();
  const { type, capabilities, details } = conductor.getEnvironment();
  const can = Object.entries(capabilities).filter(([, isThere]) => isThere);
  const where = apiUrl === undefined ? "In this page" : "On a server";

  return (
    <details className="place">
      <summary>
        <span className="dot" data-health={health?.status} />
        {where} · {health?.status ?? "…"}
      </summary>
      <dl>
        <dt>Flows run</dt>
        <dd>{apiUrl ?? "in this page"}</dd>
        <dt>Health</dt>
        <dd>
          {health?.message ?? health?.status}{" "}
          <button type="button" className="plain" onClick={check}>
            Check again
          </button>
        </dd>
        <dt>Engine here</dt>
        <dd>
          {conductor.engine.backend} {conductor.engine.version}
        </dd>
        <dt>Environment</dt>
        <dd>
          {type}, {details.platform}
        </dd>
        <dt>Capabilities</dt>
        <dd>{can.map(([name]) => name).join(", ")}</dd>
      </dl>
    </details>
  );
}
