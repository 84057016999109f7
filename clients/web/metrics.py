"""Everything the web app counts. A metric that is not here does not exist."""

from prometheus_client import Counter, Gauge

FRAMES_ANSWERED = Counter(
    "web_frames_answered_total",
    "Answers to who asked for a room's frame: sent; unchanged (the asker has it).",
    ["how"],
)
REFUSED = Counter(
    "web_refused_total",
    "Requests not done, by the label in their answer. Growing stale: main, the bridge "
    "or the stream is away; growing internal: our fault.",
    ["error"],
)
ROOMS = Gauge(
    "web_rooms_followed",
    "Rooms whose frames come to a worker, all workers together. At its limit "
    "(5000 a worker): a client walks over all rooms, and main is asked for each.",
    multiprocess_mode="livesum",
)
UNREADABLE = Counter(
    "web_messages_unreadable_total",
    "Messages passed over. Not zero: something else writes to main.",
)
MAIN_UP = Gauge(
    "web_main_up",
    "Workers that are connected to main. Below their number: no frame can be read.",
    multiprocess_mode="livesum",
)
PLACES = Counter(
    "web_places_given_total",
    "Places given to clients that registered. Growing faster than members: clients do "
    "not get through to the clusters, or they register for nothing.",
)
CLUSTERS = Gauge(
    "web_clusters_live",
    "Clusters to which clients are sent, as the worker sees it that sees least. Below "
    "their number: a cluster's broker, its link or all of its workers are away.",
    multiprocess_mode="livemin",
)
