/** Starts the host's page. */

import "../../styles/base.css";
import "../../styles/host.css";

import { render } from "preact";

import { createEngine } from "../../room/engine";
import { HostDesk } from "../../room/host";
import { roomOf } from "../shared/room-of";
import { restoreTheme } from "../shared/theme";
import { HostPage } from "./host-page";
import { NoToken } from "./notices";
import { takeToken } from "./token";

restoreTheme();
const room = roomOf(location.pathname);
const token = takeToken(room);
document.title = `Host of ${room} · EmoStream`;
// Another link of the same room changes the fragment alone, which loads nothing by itself.
addEventListener("hashchange", () => location.reload());
const page = document.getElementById("page");
if (page && !token) render(<NoToken room={room} />, page);
if (page && token) {
  const engine = createEngine({ room, server: location.origin, taps: false });
  const desk = new HostDesk({ room, server: location.origin, token });
  render(<HostPage engine={engine} room={room} desk={desk} />, page);
  engine.start();
}
