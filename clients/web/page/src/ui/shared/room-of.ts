/** Which room a page is about: its path says it. */

export const DEFAULT_ROOM = "main";

/** "/rooms/final" → "final", "/" → "main". The server has answered 404 to what no room can be called. */
export function roomOf(path: string): string {
  const name = path.split("/")[2];
  if (!name) return DEFAULT_ROOM;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Return the path of a room's page for its audience. */
export function pathOf(room: string): string {
  return room === DEFAULT_ROOM ? "/" : `/rooms/${encodeURIComponent(room)}`;
}
