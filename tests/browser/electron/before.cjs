/** Runs before an application: lets the packages in its process find the Electron of this folder, as in a real one. */

const Module = require("node:module");

Object.defineProperty(process, "versions", { value: { ...process.versions, electron: "45.4.1" } });
const load = Module._load;
Module._load = (name, ...rest) => load(name === "electron" ? __dirname : name, ...rest);
