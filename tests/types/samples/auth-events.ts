// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Session expired - prompt user to re-authenticate
conductor.auth.onAuthExpired(() => {
  console.warn("Session expired - please log in again");

  // Redirect to login page
  window.location.href = "/login";
});
