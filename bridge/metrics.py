"""Everything the bridge counts. A metric that is not here does not exist."""

from prometheus_client import Counter, Gauge, Histogram

FRAMES = Counter(
    "bridge_frames_total",
    "Frames that the main broker acknowledged, and now and then a room's state. Flat "
    "while reactions come in: stuck.",
)
FRAME_AGE = Histogram(
    "bridge_frame_age_seconds",
    "From a frame's making to the main broker's acknowledgement. Usually 20 ms; "
    "above a second the viewers feel it.",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
SUPERSEDED = Counter(
    "bridge_frames_superseded_total",
    "Frames left out for a newer one of the same poll. Rises as fast as "
    "bridge_frames_total: the bridge is slower than the stream.",
)
REPLAYED = Counter(
    "bridge_frames_replayed_total",
    "Frames left out as not newer than what was published. Rises while the stream "
    "is not restarted: two streams write.",
)
UNHEARD = Counter(
    "bridge_frames_unheard_total",
    "Frames that main acknowledged and nobody gets. Rises: no cluster is attached.",
)
REFUSED = Counter(
    "bridge_frames_refused_total",
    "Frames that main refused. Not zero: its ACL or limits do not fit this bridge.",
)
UNREADABLE = Counter(
    "bridge_records_unreadable_total",
    "Records passed over. Not zero: something else writes to the log of frames, or to "
    "that of rooms' states (bad_state).",
    ["reason"],
)
PULSES = Counter(
    "bridge_pulses_total",
    "Signs of life forwarded. Flat: every viewer is told that the stream is gone.",
)
LATE_PULSES = Counter(
    "bridge_pulses_late_total",
    "Signs of life too old to forward. Rises steadily: two machines' clocks differ.",
)
CONNECTS = Counter(
    "bridge_connects_total",
    "Connections to main. Rises: main restarts, or something throws the bridge off.",
)
MAIN_UP = Gauge(
    "bridge_main_up",
    "1 while connected to main. 0: no frame travels.",
)
STATES_UP = Gauge(
    "bridge_states_up",
    "1 while rooms' states are read from Kafka. 0: nobody learns what hosts change.",
)
KAFKA_UP = Gauge(
    "bridge_kafka_up",
    "1 while Kafka answers. 0: no frame comes.",
)
ROOMS = Gauge(
    "bridge_rooms",
    "Rooms whose newest frame is held. Grows without end: rooms are being made up.",
)
