import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses: the page is opened from a file, wherever the application is installed.
  base: "./",
  // Every Electron knows how to preload modules; and the page's policy stays without exceptions.
  build: { modulePreload: { polyfill: false } },
  plugins: [react()],
});
