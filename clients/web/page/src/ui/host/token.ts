/** The host's token: it comes in the address' fragment, and goes out of sight at once. */

import { tokenIn } from "../../room/host";

/** Return the room's token, null if there is none; a new one replaces that of this tab's session. */
export function takeToken(room: string): string | null {
  const key = `emostream.host.${room}`;
  const token = tokenIn(location.hash);
  // Whoever films the screen or looks at the history shall not get it.
  if (location.hash)
    history.replaceState(null, "", location.pathname + location.search);
  try {
    if (token) sessionStorage.setItem(key, token);
    return token ?? sessionStorage.getItem(key);
  } catch {
    return token; // a browser that keeps nothing: a reload needs the link again
  }
}
