/** Turns the page dark or light. */

import { useEffect, useState } from "preact/hooks";

import { currentTheme, onTheme, switchTheme } from "./theme";

export function ThemeSwitch() {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => onTheme(setTheme), []);
  return (
    <button
      type="button"
      class="plain theme"
      aria-pressed={theme === "dark"}
      aria-label="Dark theme"
      onClick={switchTheme}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="8" />
        <path d="M12 4a8 8 0 0 1 0 16z" />
      </svg>
    </button>
  );
}
