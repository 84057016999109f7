/** How the pages are built, and served while somebody works on them. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { Connect, Plugin, UserConfig } from "vite";

const PAGE_OF: Record<string, string> = {
  rooms: "/index.html",
  host: "/host.html",
  overlay: "/overlay.html",
};

/** The server of the product, to which whatever is not a page goes. */
const API = process.env.PAGE_API_URL ?? "http://127.0.0.1:8080";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Gives the paths of pages that name a room what the product's server gives them. */
function roomPaths(): Plugin {
  const rewrite: Connect.NextHandleFunction = (request, _response, next) => {
    const kind = /^\/(\w+)\/[^/?]+(?=\?|$)/.exec(request.url ?? "");
    const page = PAGE_OF[kind?.[1] ?? ""];
    if (kind && page) request.url = page + (request.url ?? "").slice(kind[0].length);
    next();
  };
  return {
    name: "room-paths",
    configureServer: (server) => void server.middlewares.use(rewrite),
    configurePreviewServer: (server) => void server.middlewares.use(rewrite),
  };
}

const built: UserConfig["build"] = {
  outDir: process.env.PAGE_OUT_DIR ?? "../built",
  target: "es2022",
  sourcemap: false,
  // A strict content security policy: nothing inline, no `data:` scripts.
  assetsInlineLimit: 0,
  modulePreload: { polyfill: false },
};

const pages: UserConfig["build"] = {
  ...built,
  emptyOutDir: true,
  rolldownOptions: {
    input: ["index.html", "host.html", "overlay.html"].map(here),
  },
};

/** One classic script for other people's pages, beside what is there already. */
const embed: UserConfig["build"] = {
  ...built,
  emptyOutDir: false,
  copyPublicDir: false,
  lib: {
    entry: here("src/ui/embed/main.ts"),
    formats: ["iife"],
    name: "emostream",
    fileName: () => "embed.js",
  },
};

const proxy = { "/v1": API, "/livez": API };

export default defineConfig(({ mode }) => ({
  plugins: [roomPaths()],
  build: mode === "embed" ? embed : pages,
  server: { proxy },
  preview: { proxy },
  test: { include: ["src/**/*.test.ts"] },
}));
