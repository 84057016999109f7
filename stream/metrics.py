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
LAST_TRIGGER_SECONDS = Gauge(
    "stream_last_trigger_seconds",
    "How long the newest completed trigger took. Above the trigger interval: frames "
    "come later.",
)
LAST_TRIGGER = Gauge(
    "stream_last_trigger_timestamp_seconds",
    "When the newest trigger was completed. Old while reactions wait: stuck.",
)
LAST_PULSE = Gauge(
    "stream_last_pulse_timestamp_seconds",
    "When the newest sign of life was sent; one is due every 2 s. Old: triggers are "
    "stuck, every viewer is told that the stream is gone.",
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
REJECTS = Counter(
    "stream_rejects_total",
    "Records not counted as their senders meant, by `stream.reject.Reason`; after a "
    "restart some are told again. Rises: other programs write to the reaction log.",
    ["reason"],
)
REJECTS_FAILURES = Counter(
    "stream_rejects_failures_total",
    "Times that the query for rejects ended by itself and was started again. Rises: "
    "they are not found, while reactions are counted; the log says why.",
)
REJECTS_AWAY = Gauge(
    "stream_rejects_away",
    "1 while the query for rejects has ended and waits to be started again. Stays 1: "
    "rejects are not found, while reactions are counted; the log says why.",
)
