"""Everything the stream counts. A metric that is not here does not exist."""

from prometheus_client import Counter, Gauge, Histogram

TRIGGERS = Counter(
    "stream_triggers_total",
    "Triggers that were completed. Flat while reactions come in: stuck.",
)
TRIGGER_SECONDS = Histogram(
    "stream_trigger_seconds",
    "How long a trigger took. Above the trigger interval: frames come later.",
    buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30),
)
RECORDS = Counter(
    "stream_records_total",
    "Records read from the reaction log. Below what ingest stored: falling behind.",
)
REPEATS = Counter(
    "stream_repeats_total",
    "Records dropped because their batch was counted already. Rises when senders "
    "repeat: they get no answers.",
)
LATE_ROWS = Counter(
    "stream_late_rows_total",
    "Rows that Spark dropped behind the watermark. Not zero: reactions were lost.",
    ["operator"],
)
FRAMES = Counter(
    "stream_frames_total",
    "Frames written. Flat while reactions come in: stuck.",
)
ROOMS = Gauge(
    "stream_rooms",
    "Rooms whose totals are kept. Grows without end: rooms are being made up.",
)
WRITE_SECONDS = Histogram(
    "stream_write_seconds",
    "Time for the transaction with a trigger's states and frames. Usually 4 ms.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
LAST_FRAME = Gauge(
    "stream_last_frame_timestamp_seconds",
    "When the newest frame was made. Old while reactions come in: stuck.",
)
