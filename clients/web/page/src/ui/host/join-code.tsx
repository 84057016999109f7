/** How to come in: the audience's address, and its QR code, large enough to film. */

import { encode } from "uqr";

import { pathOf } from "../shared/room-of";

/** White around a code, in modules: less, and some phones do not find it. */
const BORDER = 4;
const ONLY_HERE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export function JoinCode({ room, origin }: { room: string; origin: string }) {
  const url = new URL(pathOf(room), origin);
  const { data, size } = encode(url.href, { border: BORDER });
  return (
    <section class="join" aria-labelledby="join-title">
      <h2 id="join-title">Join</h2>
      <svg
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label={`QR code of ${url.href}`}
        shapeRendering="crispEdges"
      >
        <rect width={size} height={size} fill="#fff" />
        <path d={outline(data)} fill="#000" />
      </svg>
      <p class="address">{url.href}</p>
      {ONLY_HERE.test(url.hostname) && (
        <p class="quiet">
          Only this machine can open this address. EMOSTREAM_PUBLIC_HOST opens it to
          phones.
        </p>
      )}
      <p class="links">
        <a
          href={`/rooms/${encodeURIComponent(room)}?wall`}
          target="_blank"
          rel="noopener"
        >
          Open on a wall
        </a>
        <a href={`/overlay/${encodeURIComponent(room)}`} target="_blank" rel="noopener">
          Open the overlay
        </a>
      </p>
    </section>
  );
}

/** One path for all dark modules: a square each. */
function outline(modules: readonly (readonly boolean[])[]): string {
  return modules
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
}
