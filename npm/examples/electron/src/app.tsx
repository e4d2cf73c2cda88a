import { type LargeFile, largestFiles } from "./flow.ts";
import { useRun } from "./use-run.ts";

const STATES = { pending: "waiting", executing: "running", completed: "done", error: "failed", skipped: "skipped" };

/** The window. */
export function App() {
  const { run, start, cancel } = useRun();
  const { isRunning, progress, result, refusal } = run;
  const error = result?.error?.message ?? refusal;
  return (
    <main>
      <h1>{largestFiles.name}</h1>
      <p>
        <button type="button" onClick={() => (isRunning ? cancel() : start(largestFiles))}>
          {isRunning ? "Cancel" : "Choose a folder …"}
        </button>
      </p>
      {progress !== undefined && (
        <section aria-label="Progress">
          <progress aria-label="Overall progress" max={100} value={progress.progress} />
          <ol>
            {progress.nodes.map(({ id, name, state, message }) => (
              <li key={id}>
                {name}: {STATES[state]}
                {state === "executing" && message !== undefined && <small> {message}</small>}
              </li>
            ))}
          </ol>
        </section>
      )}
      <p role="status">{isRunning ? "Running" : result?.success && "Done"}</p>
      {result?.warnings?.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
      {error !== undefined && <p role="alert">{error}</p>}
      {result?.success && <Files files={(result.data as { result: LargeFile[] }).result} />}
    </main>
  );
}

function Files({ files }: { files: LargeFile[] }) {
  if (files.length === 0) return <p>There are no files in it.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {files.map(({ path, bytes }) => (
          <tr key={path}>
            <td>{path}</td>
            <td>{bytes.toLocaleString("en")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
