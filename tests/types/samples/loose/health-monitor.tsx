// Not strict by itself: `useState(null)` holds a health result later on: the state's type is only right where null is in every type.

// As shown:
import { conductor } from '@atomiton/conductor/browser';
import { useEffect, useState } from 'react';

function HealthMonitor() {
  const [health, setHealth] = useState(null);

  useEffect(() => {
    // Check health every 30 seconds
    const checkHealth = async () => {
      const result = await conductor.system.health();
      setHealth(result);
    };

    checkHealth(); // Initial check
    const interval = setInterval(checkHealth, 30000);

    return () => clearInterval(interval);
  }, []);

  if (!health) return <div>Checking system health...</div>;

  return (
    <div className={`health-status status-${health.status}`}>
      <span className="indicator" />
      <span>System: {health.status}</span>
      {health.message && <span className="message">{health.message}</span>}
    </div>
  );
}
