/** The state line as it is drawn: a shape and words. */

import type { Shape, StateLine } from "./state-line";

const PATHS: Readonly<Record<Shape, string>> = {
  full: "M8 3a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
  ring: "M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12zM8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z",
  turning:
    "M8 2a6 6 0 0 1 6 6h-2.5A3.5 3.5 0 0 0 8 4.5zM8 14a6 6 0 0 1-6-6h2.5A3.5 3.5 0 0 0 8 11.5z",
  triangle: "M8 2.5L15 14H1z",
  cross:
    "M3.8 2L8 6.2 12.2 2 14 3.8 9.8 8l4.2 4.2-1.8 1.8L8 9.8 3.8 14 2 12.2 6.2 8 2 3.8z",
  square: "M3 3h10v10H3z",
};

export function StateView({ line }: { line: StateLine }) {
  return (
    <p class="state" data-shape={line.shape}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={PATHS[line.shape]} />
      </svg>
      <span>{line.words}</span>
    </p>
  );
}
