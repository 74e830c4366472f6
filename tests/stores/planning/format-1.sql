-- The tables of format 1, as annotd made them.
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE task (
  seq        INTEGER PRIMARY KEY,          -- the order of admission
  id         TEXT NOT NULL UNIQUE,
  position   INTEGER NOT NULL UNIQUE,      -- the order of handing out
  input_hash INTEGER NOT NULL,
  task_hash  INTEGER NOT NULL,
  wanted     INTEGER NOT NULL,
  free       INTEGER NOT NULL,             -- wanted, less those who hold or have answered it
  finished   INTEGER NOT NULL DEFAULT 0,
  lanes      TEXT NOT NULL,                -- JSON: ["*"], or names
  reopened   INTEGER,                      -- number of the occasion on which it came back
  body       TEXT NOT NULL
);
CREATE INDEX task_by_hash ON task (task_hash);
CREATE INDEX task_reopened ON task (reopened) WHERE reopened IS NOT NULL AND free > 0;
CREATE TABLE queue (
  lane TEXT NOT NULL, position INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (lane, position)
) WITHOUT ROWID;
CREATE TABLE hold (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
CREATE INDEX hold_of ON hold (annotator);
CREATE TABLE answer (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL,
  nth           INTEGER NOT NULL,          -- order of arrival at this task
  counts        INTEGER NOT NULL,          -- 0: it came too late
  answer        TEXT NOT NULL,
  data          TEXT NOT NULL,             -- JSON: what the interface added
  time_loaded   INTEGER NOT NULL,          -- milliseconds since 1970, UTC
  time_returned INTEGER NOT NULL,
  history       TEXT NOT NULL,             -- JSON: earlier versions, oldest first
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
CREATE INDEX answer_of ON answer (annotator, counts, time_returned);
CREATE TABLE totals (
  tasks INTEGER NOT NULL, finished INTEGER NOT NULL, wanted INTEGER NOT NULL,
  answers INTEGER NOT NULL, open_to_anyone INTEGER NOT NULL
);
CREATE TABLE share (
  annotator TEXT PRIMARY KEY, answered INTEGER NOT NULL, late INTEGER NOT NULL,
  named INTEGER NOT NULL, last_seen INTEGER, worked_ms INTEGER NOT NULL, timed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE loaded_file (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
