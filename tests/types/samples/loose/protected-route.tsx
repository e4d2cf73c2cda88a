// Not strict by itself: `useState(null)` holds a user later on: the state's type is only right where null is in every type.

// As shown:
import { conductor } from '@atomiton/conductor/browser';
import { useEffect, useState } from 'react';

function ProtectedRoute({ children }: { children: React.ReactNode }) {
  const [user, setUser] = useState(null);
  const [loading, setLoading] = useState(true);

  useEffect(() => {
    // Check authentication on mount
    conductor.auth.getCurrentUser()
      .then(setUser)
      .finally(() => setLoading(false));

    // Handle session expiry
    const unsubscribe = conductor.auth.onAuthExpired(() => {
      setUser(null);
      window.location.href = '/login';
    });

    return () => unsubscribe();
  }, []);

  if (loading) {
    return <div>Loading...</div>;
  }

  if (!user) {
    window.location.href = '/login';
    return null;
  }

  return <>{children}</>;
}
