/** Where the browsers are that tests use beside Chromium: Firefox, and WebKitGTK, which has the engine of Safari. */

import { findExecutable } from "./executables.mjs";

const FIREFOX = {
  variable: "FIREFOX_PATH",
  names: ["firefox-esr", "firefox"],
  paths: ["/Applications/Firefox.app/Contents/MacOS/firefox"],
};
const WEBKIT_DRIVER = { variable: "WEBKIT_DRIVER_PATH", names: ["WebKitWebDriver"] };
const XVFB = { variable: "XVFB_PATH", names: ["Xvfb"] };

export const FIREFOX_HINT = "apt-get install firefox-esr, or set FIREFOX_PATH to the executable of a Firefox";
export const WEBKIT_HINT =
  "apt-get install webkit2gtk-driver, or set WEBKIT_DRIVER_PATH to a WebKitWebDriver with its MiniBrowser";
export const XVFB_HINT = "apt-get install xvfb, or set XVFB_PATH to the executable of an Xvfb";

/** Why there are no tests in WebKitGTK here; `undefined` where there are. */
export const WITHOUT_WEBKIT = process.platform === "linux" ? undefined : "WebKitGTK is there for Linux only";

/** The executable of Firefox; see {@link findExecutable}. */
export const findFirefox = (env = process.env) => findExecutable(FIREFOX, env);

/** The driver of WebKitGTK, which knows where its browser is. */
export const findWebKitDriver = (env = process.env) => findExecutable(WEBKIT_DRIVER, env);

/** A screen that exists in memory only: WebKitGTK needs one. */
export const findXvfb = (env = process.env) => findExecutable(XVFB, env);
