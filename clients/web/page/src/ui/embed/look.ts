/** What the bar looks like in somebody else's page: its own styles, which that page's rules do not reach. */

export const LOOK = `
:host { all: initial; display: block; color: inherit; color-scheme: inherit; }
.bar { font: 15px/1.4 system-ui, sans-serif; }
.keys { display: grid; grid-template-columns: repeat(auto-fit, minmax(48px, 1fr)); gap: 8px; max-width: 44rem; }
button { position: relative; min-height: 52px; min-width: 0; padding: 0; border: 0; border-radius: 16px; color: inherit;
  background: color-mix(in srgb, currentColor 8%, transparent); cursor: pointer; touch-action: manipulation;
  font: 26px/1.4 "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif; }
button:hover { background: color-mix(in srgb, currentColor 15%, transparent); }
button:focus-visible { outline: 2px solid; outline-offset: 2px; }
button[aria-disabled="true"] { cursor: not-allowed; background: none; outline: 1px dashed; outline-offset: -1px; }
button[aria-disabled="true"]:focus-visible { outline: 2px solid; outline-offset: 2px; }
button[aria-disabled="true"] span { opacity: .45; filter: grayscale(1); }
button span { display: block; overflow: hidden; white-space: nowrap; pointer-events: none; }
button span + span { position: absolute; inset: 8px 0 auto; }
p { margin: 8px 0 0; min-height: 1.4em; }
`;
