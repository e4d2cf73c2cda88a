// Taken for granted:
// The sample uses this without importing it.
import { useEffect } from "react";

// As shown:
import { conductor } from '@atomiton/conductor/browser';
import { useState } from 'react';
import type { ExecutionResult, NodeProgressEvent } from '@atomiton/conductor/browser';

function FlowExecutor() {
  const [executing, setExecuting] = useState(false);
  const [progress, setProgress] = useState<NodeProgressEvent | null>(null);
  const [result, setResult] = useState<ExecutionResult | null>(null);

  useEffect(() => {
    // Subscribe to progress events
    const unsubscribeProgress = conductor.node.onProgress((event) => {
      setProgress(event);
      console.log(`Progress: ${event.progress}%`);
      console.log(`Message: ${event.message}`);

      // Update UI with node states
      event.nodes.forEach(node => {
        console.log(`  ${node.name}: ${node.state}`);
      });
    });

    // Subscribe to completion events
    const unsubscribeComplete = conductor.node.onComplete((event) => {
      console.log('Execution completed:', event.nodeId);
      setResult(event.result);
      setExecuting(false);
    });

    // Subscribe to error events
    const unsubscribeError = conductor.node.onError((event) => {
      console.error('Execution failed:', event.error);
      setExecuting(false);
    });

    return () => {
      unsubscribeProgress();
      unsubscribeComplete();
      unsubscribeError();
    };
  }, []);

  const executeFlow = async () => {
    setExecuting(true);
    setProgress(null);
    setResult(null);

    try {
      // Load a flow template
      const flow = await conductor.flow.loadFlow('data-processor');

      // Execute with custom inputs
      await conductor.flow.run(flow, {
        input: {
          file: '/path/to/data.csv',
          outputFormat: 'json'
        },
        variables: {
          environment: 'production',
          userId: 'user123'
        },
        slowMo: 100, // Add delay for visualization
        debug: true
      });
    } catch (error) {
      console.error('Failed to execute flow:', error);
      setExecuting(false);
    }
  };

  return (
    <div className="flow-executor">
      <button onClick={executeFlow} disabled={executing}>
        {executing ? 'Executing...' : 'Execute Flow'}
      </button>

      {progress && (
        <div className="progress-container">
          <div className="progress-bar" style={{ width: `${progress.progress}%` }} />
          <p>{progress.message}</p>

          <div className="node-states">
            {progress.nodes.map(node => (
              <div key={node.id} className={`node-state ${node.state}`}>
                <span className="node-name">{node.name}</span>
                <span className="node-status">{node.state}</span>
                {node.duration && <span className="node-duration">{node.duration}ms</span>}
              </div>
            ))}
          </div>

          <div className="graph-info">
            <p>Max parallelism: {progress.graph.maxParallelism}</p>
            <p>Critical path: {progress.graph.criticalPath.join(' → ')}</p>
          </div>
        </div>
      )}

      {result && (
        <div className="result-container">
          {result.success ? (
            <div className="success">
              <h3>Success!</h3>
              <pre>{JSON.stringify(result.data, null, 2)}</pre>
              <p>Duration: {result.duration}ms</p>
              <p>Executed nodes: {result.executedNodes?.length}</p>
            </div>
          ) : (
            <div className="error">
              <h3>Execution Failed</h3>
              <p>Error: {result.error?.message}</p>
              <p>Code: {result.error?.code}</p>
              {result.error?.recovery && (
                <div className="recovery-suggestions">
                  <h4>Recovery Suggestions:</h4>
                  <ul>
                    {result.error.recovery.suggestions?.map((s, i) => (
                      <li key={i}>{s}</li>
                    ))}
                  </ul>
                  {result.error.recovery.retryable && (
                    <button onClick={executeFlow}>
                      Retry ({result.error.recovery.maxRetries} attempts remaining)
                    </button>
                  )}
                </div>
              )}
            </div>
          )}
        </div>
      )}
    </div>
  );
}
