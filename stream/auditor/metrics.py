"""Everything the auditor counts. A metric that is not here does not exist."""

from prometheus_client import Counter, Gauge

DIFFERENCE = Gauge(
    "auditor_difference_reactions",
    "Reactions missing or too many, in the rooms whose books are wrong. Not zero: "
    "reactions were lost or counted twice; `emostream ledger` says where.",
)
ROOMS_WRONG = Gauge(
    "auditor_rooms_wrong",
    "Rooms whose books do not add up 60 s after a minute's end. Not zero: as above.",
)
ROOMS = Gauge(
    "auditor_rooms",
    "Rooms in the books. Grows without end: rooms are being made up.",
)
GAPS = Gauge(
    "auditor_gaps",
    "Times that Kafka had removed records before they were read; the books begin "
    "after them. Not zero: the auditor was away for too long.",
)
BEHIND = Gauge(
    "auditor_behind_seconds",
    "How long ago all was stored that has been read. Usually 1; rises: the auditor "
    "is too slow, or Kafka is away.",
)
PUBLISHED_AGE = Gauge(
    "auditor_published_age_seconds",
    "How long ago a cluster's broker was last heard, pulse or frame; -1 if never. "
    "Above 6: what is published is not seen.",
)
KAFKA_UP = Gauge(
    "auditor_kafka_up",
    "1 while Kafka answers. 0: nothing is read.",
)
WORKERS_LOST = Gauge(
    "auditor_intake_workers_lost",
    "Workers of ingest that went without a word. Not zero: ingest's own counts lack "
    "their last second.",
)
RECORDS = Counter(
    "auditor_records_total",
    "Records read, by log. Flat while reactions come in: stuck.",
    ["log"],
)
UNREADABLE = Counter(
    "auditor_records_unreadable_total",
    "Records passed over. Not zero: something else writes there; `old`: frames of a "
    "stream that another has taken over from.",
    ["log"],
)
