// Taken for granted:
import type { ReactElement } from "react";

declare function DesktopLayout(): ReactElement;
declare function WebLayout(): ReactElement;

// As shown:
import { conductor } from '@atomiton/conductor/browser';

// Check environment
const env = conductor.getEnvironment();

if (conductor.inDesktop) {
  console.log('Running in Electron desktop app');
  console.log('Has IPC transport:', env.hasTransport);

  // Desktop-specific features
  await conductor.system.restart();
} else if (conductor.inBrowser) {
  console.log('Running in web browser');
  console.log('Has HTTP transport:', env.hasTransport);

  // Browser-specific features
  if (!env.hasTransport) {
    console.warn('No backend connection - limited functionality');
  }
}

// Conditional rendering
function AppLayout() {
  if (conductor.inDesktop) {
    return <DesktopLayout />;
  }
  return <WebLayout />;
}
