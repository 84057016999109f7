/** Dark or light: the system's wish, unless somebody chose otherwise here. */

import type { Theme } from "./mood";

const KEY = "emostream.theme";
const DARK = "(prefers-color-scheme: dark)";

/** Put on the page what was chosen before, if anything. */
export function restoreTheme(): void {
  const chosen = remembered();
  if (chosen) document.documentElement.dataset.theme = chosen;
}

/** Return what the page looks like now. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia(DARK).matches ? "dark" : "light";
}

/** Turn it over, and remember it only where it differs from the system's wish. */
export function switchTheme(): Theme {
  const theme: Theme = currentTheme() === "dark" ? "light" : "dark";
  const isSystems = theme === (matchMedia(DARK).matches ? "dark" : "light");
  if (isSystems) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  remember(isSystems ? null : theme);
  return theme;
}

/** Tell `changed` whenever the page's theme has changed; returns how to stop. */
export function onTheme(changed: (theme: Theme) => void): () => void {
  const tell = (): void => {
    changed(currentTheme());
  };
  const query = matchMedia(DARK);
  const observer = new MutationObserver(tell);
  query.addEventListener("change", tell);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    query.removeEventListener("change", tell);
    observer.disconnect();
  };
}

function remembered(): Theme | null {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "dark" || theme === "light" ? theme : null;
  } catch {
    return null; // a browser that keeps nothing has the system's theme
  }
}

function remember(theme: Theme | null): void {
  try {
    if (theme) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}
