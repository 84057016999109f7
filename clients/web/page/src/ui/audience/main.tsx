/** Starts the audience's page. */

import "../../styles/base.css";
import "../../styles/audience.css";

import { render } from "preact";

import { createEngine } from "../../room/engine";
import { roomOf } from "../shared/room-of";
import { restoreTheme } from "../shared/theme";
import { AudiencePage } from "./audience-page";

restoreTheme();
const room = roomOf(location.pathname);
const isWall = new URLSearchParams(location.search).has("wall");
const engine = createEngine({ room, server: location.origin, taps: !isWall });
document.title = `${room} · EmoStream`;
const page = document.getElementById("page");
if (page) render(<AudiencePage engine={engine} room={room} isWall={isWall} />, page);
engine.start();
