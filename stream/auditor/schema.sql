-- The auditor's books. What a record changes and that it was read are one transaction.

-- Whose books these are, where they begin, and how far everything was read.
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- The next record to read of each partition, and the newest time in it so far.
CREATE TABLE places (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL, newest_ms INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;

-- What Kafka had removed before it was read.
CREATE TABLE gaps (
    topic TEXT, partition INTEGER, first INTEGER, next INTEGER, seen_ms INTEGER
);

-- A room in a minute. Minute -1 holds all that are no longer kept one by one.
CREATE TABLE lines (
    room TEXT, minute_ms INTEGER,
    posts INTEGER NOT NULL DEFAULT 0,
    received INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    stored INTEGER NOT NULL DEFAULT 0,
    repeated INTEGER NOT NULL DEFAULT 0,
    overdue INTEGER NOT NULL DEFAULT 0,
    unreadable INTEGER NOT NULL DEFAULT 0,
    late INTEGER NOT NULL DEFAULT 0,
    movable INTEGER NOT NULL DEFAULT 0,
    counted INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, minute_ms)
) WITHOUT ROWID;

-- Reactions rejected and POSTs refused, by reason.
CREATE TABLE labels (
    room TEXT, minute_ms INTEGER, kind TEXT, label TEXT, number INTEGER NOT NULL,
    PRIMARY KEY (room, minute_ms, kind, label)
) WITHOUT ROWID;

-- The total that a room's frames show, and what all of them together have counted.
-- By `before` the two differed when the room was met.
CREATE TABLE rooms (
    room TEXT PRIMARY KEY, total INTEGER, counted INTEGER NOT NULL DEFAULT 0,
    drift INTEGER, before INTEGER
) WITHOUT ROWID;

-- Every record of a batch, for as long as another may come.
CREATE TABLE copies (
    batch BLOB, appended_ms INTEGER, partition INTEGER, offset INTEGER,
    reactions INTEGER NOT NULL, is_late INTEGER NOT NULL,
    PRIMARY KEY (batch, appended_ms, partition, offset)
) WITHOUT ROWID;
CREATE INDEX copies_by_age ON copies (appended_ms);

-- What the newest epoch's frames say of each window, and what the newest trigger changed (`journal`).
CREATE TABLE windows (
    room TEXT, window_ms INTEGER,
    epoch TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (room, window_ms)
) WITHOUT ROWID;
CREATE TABLE run (epoch TEXT, seq INTEGER, made_ms INTEGER);
CREATE TABLE journal (
    room TEXT, window_ms INTEGER, count INTEGER NOT NULL,
    PRIMARY KEY (room, window_ms)
) WITHOUT ROWID;

-- The same of the frames that a cluster's broker shows.
CREATE TABLE shown (
    room TEXT, window_ms INTEGER, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    base INTEGER NOT NULL, before INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (room, window_ms)
) WITHOUT ROWID;

CREATE TABLE epochs (epoch TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

-- Ingest's workers, and the minutes of which not all was said.
CREATE TABLE workers (
    worker TEXT PRIMARY KEY, seq INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    is_closed INTEGER NOT NULL, is_silent INTEGER NOT NULL, is_lacking INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE inexact (minute_ms INTEGER PRIMARY KEY);
