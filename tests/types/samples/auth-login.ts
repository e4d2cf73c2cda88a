// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
const result = await conductor.auth.login({
  username: "user@example.com",
  password: "secure-password",
});

if (result.token) {
  console.log("Login successful");
  console.log("User:", result.user?.username);
  console.log("Expires:", result.expiresAt);

  // Token is automatically stored in localStorage
}
