// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
await conductor.auth.logout();

// Clears token from localStorage and sessionStorage
console.log("Logged out successfully");
