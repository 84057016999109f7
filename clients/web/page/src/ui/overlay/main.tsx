/** Starts the overlay. */

import "../../styles/base.css";
import "../../styles/overlay.css";

import { render } from "preact";

import { createEngine } from "../../room/engine";
import { roomOf } from "../shared/room-of";
import { OverlayPage } from "./overlay-page";
import { readLook } from "./query";

const { look, complaints } = readLook(location.search);
for (const complaint of complaints) console.warn(`EmoStream overlay: ${complaint}`);
document.documentElement.dataset.theme = look.theme;
const room = roomOf(location.pathname);
const engine = createEngine({ room, server: location.origin, taps: false });
const page = document.getElementById("page");
if (page) render(<OverlayPage engine={engine} look={look} />, page);
engine.start();
