/** Says how much each page makes a phone load, gzipped; fails above the limit. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUILT =
  process.env.PAGE_OUT_DIR ?? fileURLToPath(new URL("../built", import.meta.url));
const LIMITS_KB = { "index.html": 150, "overlay.html": 150, "embed.js": 15 };

/** All files that a built file makes a browser load, itself among them. */
function loaded(path, seen = new Set()) {
  if (seen.has(path) || !existsSync(BUILT + path)) return seen;
  seen.add(path);
  const text = readFileSync(BUILT + path, "utf8");
  for (const [, name] of text.matchAll(
    /["'`(](?:\.|\/assets)?\/([\w.-]+\.(?:js|css))["'`)]/g,
  ))
    loaded(`/assets/${name}`, seen);
  return seen;
}

let isTooMuch = false;
for (const [page, limitKb] of Object.entries(LIMITS_KB)) {
  const files = [...loaded(`/${page}`)];
  if (files.length === 0) throw new Error(`${page} is not built`);
  const bytes = files.map((file) => gzipSync(readFileSync(BUILT + file)).length);
  const kb = bytes.reduce((sum, size) => sum + size, 0) / 1000;
  isTooMuch ||= kb > limitKb;
  console.log(
    `${page}: ${kb.toFixed(1)} of ${limitKb} KB gzipped, ${files.length} files`,
  );
}
if (isTooMuch) process.exitCode = 1;
