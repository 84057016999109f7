/** The flight in a thread of its own: whatever keeps the page busy does not make it stutter. */

import type { Order } from "./air";
import { Flight } from "./flight";

let flight: Flight | null = null;

addEventListener("message", ({ data }: MessageEvent<OffscreenCanvas | Order>) => {
  if (data instanceof OffscreenCanvas) flight = new Flight(data);
  else if (flight) obey(flight, data);
});

function obey(flight: Flight, order: Order): void {
  switch (order[0]) {
    case "fit":
      flight.fit(order[1], order[2]);
      break;
    case "launch":
      flight.launch(order[1], order[2]);
      break;
    case "launchFrom":
      flight.launchFrom(order[1], order[2], order[3]);
      break;
    case "clear":
      flight.clear();
  }
}
