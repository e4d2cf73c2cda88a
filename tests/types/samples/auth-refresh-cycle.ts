// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Set up automatic token refresh before expiry
async function setupTokenRefresh() {
  const user = await conductor.auth.getCurrentUser();
  if (!user) return;

  // Refresh token 5 minutes before expiry
  const result = await conductor.auth.refreshToken();
  if (result.expiresAt) {
    const expiryTime = new Date(result.expiresAt).getTime();
    const refreshTime = expiryTime - 5 * 60 * 1000; // 5 minutes before
    const delay = refreshTime - Date.now();

    if (delay > 0) {
      setTimeout(setupTokenRefresh, delay);
    }
  }
}

// Start refresh cycle
setupTokenRefresh();
