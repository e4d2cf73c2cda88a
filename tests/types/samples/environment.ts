// As shown:
import { conductor } from "@atomiton/conductor/browser";

// Check environment
const env = conductor.getEnvironment();

console.log("Type:", env.type); // 'browser' | 'desktop'
console.log("Has transport:", env.hasTransport);

// Or use convenience flags
if (conductor.inDesktop) {
  console.log("Running in Electron");
}

if (conductor.inBrowser) {
  console.log("Running in web browser");
}
