// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
const user = await conductor.auth.getCurrentUser();

if (user) {
  console.log("Logged in as:", user.username);
  console.log("Email:", user.email);
  console.log("Roles:", user.roles);
} else {
  console.log("Not authenticated");
}
