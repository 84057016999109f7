/**
 * A tap bar in any page: `<script src="http://HOST/embed.js" data-room="final" async></script>`.
 * It stands where the script stands, or in the element that `data-target` selects; a script
 * in the page's head has no place of its own: its bar ends the page.
 */

import { serverOf, TapDesk } from "../../room/embed";
import { DEFAULT_ROOM } from "../shared/room-of";
import { Bar } from "./bar";

/** A name with a dash may have a shadow root; nothing is registered under it. */
const TAG = "emostream-taps";

const script = document.currentScript;
if (script instanceof HTMLScriptElement) whenThere(script, () => place(script));

/** What a script points at may come after it; what it stands beside is there. */
function whenThere(script: HTMLScriptElement, then: () => void): void {
  const isHere = script.dataset.target === undefined && !document.head.contains(script);
  if (isHere || document.readyState !== "loading") then();
  else document.addEventListener("DOMContentLoaded", then, { once: true });
}

function place(script: HTMLScriptElement): void {
  const { room = DEFAULT_ROOM, target } = script.dataset;
  const host = document.createElement(TAG);
  if (target === undefined && document.head.contains(script))
    document.body.append(host);
  else if (target === undefined) script.after(host);
  else if (!within(target, host)) return;
  let bar: Bar | null = null;
  const desk = new TapDesk({
    room,
    server: serverOf(script),
    hear: (moment) => bar?.show(moment),
  });
  bar = new Bar(host, (emoji) => desk.tap(emoji));
  bar.show(desk.moment);
  desk.start();
}

function within(target: string, host: HTMLElement): boolean {
  const place = document.querySelector(target);
  place?.append(host);
  if (!place)
    console.error(`EmoStream: the page has nothing at data-target="${target}".`);
  return place !== null;
}
