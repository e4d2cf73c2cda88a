// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Automatically refreshes the stored token
const result = await conductor.auth.refreshToken();

if (result.token) {
  console.log("Token refreshed successfully");
  console.log("New expiry:", result.expiresAt);
}
