-- From format 2 to format 3: earlier versions of answers in a table of their own, large answers
-- apart, and room for what comes next. docs/stored-format.md says what each column means.

-- Where a task was loaded from.
CREATE TABLE origin (number INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE);
ALTER TABLE task ADD COLUMN origin_file INTEGER;  -- NULL, or origin.number
ALTER TABLE task ADD COLUMN origin_line INTEGER;  -- NULL, or its line there, from 1
ALTER TABLE task ADD COLUMN overrides TEXT;       -- NULL, or JSON: gold, priority, withdrawn, removed

-- An annotd of format 2 that has the file open fails at its next lease, and its log has this name.
ALTER TABLE hold RENAME TO hold_2;
CREATE TABLE hold (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  edition     INTEGER NOT NULL DEFAULT 0,  -- of the roster at the hand-out; 0: from before these were kept
  tokenizer   INTEGER NOT NULL DEFAULT 0   -- its version at the hand-out
    CONSTRAINT "the file is of stored format 3 now: stop this annotd and start the newer one"
    CHECK (tokenizer > 0),
  suggestions INTEGER,                     -- NULL, or whether they were shown
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
INSERT INTO hold (seq, annotator, since, until, edition, tokenizer)
  SELECT seq, annotator, since, until, 0, 1 FROM hold_2;
DROP TABLE hold_2;
CREATE INDEX hold_of ON hold (annotator);

ALTER TABLE answer RENAME TO answer_2;
CREATE TABLE answer (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL,
  nth           INTEGER NOT NULL,          -- order of arrival at this task
  counts        INTEGER NOT NULL,          -- 0: it came too late; 2: a skip, which is none
  answer        TEXT NOT NULL,
  data          TEXT,                      -- JSON: what the interface added; NULL: it is in large
  time_loaded   INTEGER NOT NULL,          -- milliseconds since 1970, UTC
  time_returned INTEGER NOT NULL,
  revisions     INTEGER NOT NULL,          -- earlier versions in history; this one has the next number
  edition       INTEGER NOT NULL,
  tokenizer     INTEGER NOT NULL,
  suggestions   INTEGER,
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;

-- Earlier versions. One with a higher number than its answer has revisions is a spare: what was written
-- first when the second write did not come.
CREATE TABLE history (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL,
  nth           INTEGER NOT NULL,          -- 1 is what was said first
  answer        TEXT NOT NULL,
  data          TEXT,
  time_loaded   INTEGER NOT NULL,
  time_returned INTEGER NOT NULL,
  edition       INTEGER NOT NULL,
  tokenizer     INTEGER NOT NULL,
  suggestions   INTEGER,
  PRIMARY KEY (seq, annotator, nth)
) WITHOUT ROWID;

-- What versions say, where it is more than 65,536 bytes.
CREATE TABLE large (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL, nth INTEGER NOT NULL, data TEXT NOT NULL,
  PRIMARY KEY (seq, annotator, nth)
);

-- What is damaged stays to be seen, and is read as nothing else.
CREATE TEMP TABLE damaged (seq, annotator, PRIMARY KEY (seq, annotator));
INSERT INTO damaged SELECT seq, annotator FROM answer_2 WHERE history <> '[]' AND
  CASE WHEN json_valid(history) THEN json_type(history) <> 'array'
    OR EXISTS (SELECT 1 FROM json_each(history) h WHERE h.type <> 'object') ELSE 1 END;
INSERT INTO history
    (seq, annotator, nth, answer, data, time_loaded, time_returned, edition, tokenizer)
  SELECT a.seq, a.annotator, h.key + 1, coalesce(h.value ->> '$.answer', ''),
    coalesce(h.value -> '$.data', '{}'), coalesce(h.value ->> '$.time_loaded', 0),
    coalesce(h.value ->> '$.time_returned', 0), 0, 1
  FROM answer_2 a CROSS JOIN json_each(a.history) h
  WHERE a.history <> '[]' AND NOT EXISTS
    (SELECT 1 FROM damaged d WHERE d.seq = a.seq AND d.annotator = a.annotator);
INSERT INTO history
    (seq, annotator, nth, answer, data, time_loaded, time_returned, edition, tokenizer)
  SELECT seq, annotator, 1, '', history, 0, 0, 0, 1 FROM answer_2
  WHERE (seq, annotator) IN (SELECT seq, annotator FROM damaged);
DROP TABLE damaged;
INSERT INTO answer
    (seq, annotator, nth, counts, answer, data, time_loaded, time_returned, revisions, edition, tokenizer)
  SELECT a.seq, a.annotator, a.nth, a.counts, a.answer, a.data, a.time_loaded, a.time_returned,
    CASE WHEN a.history = '[]' THEN 0 ELSE
      (SELECT count(*) FROM history h WHERE h.seq = a.seq AND h.annotator = a.annotator) END, 0, 1
  FROM answer_2 a;
DROP TABLE answer_2;
CREATE INDEX answer_late ON answer (seq) WHERE counts = 0;
CREATE INDEX answer_of ON answer (annotator, counts, time_returned);

INSERT INTO large
  SELECT seq, annotator, revisions + 1, data FROM answer WHERE length(CAST(data AS BLOB)) > 65536;
INSERT INTO large
  SELECT seq, annotator, nth, data FROM history WHERE length(CAST(data AS BLOB)) > 65536;
UPDATE answer SET data = NULL WHERE length(CAST(data AS BLOB)) > 65536;
UPDATE history SET data = NULL WHERE length(CAST(data AS BLOB)) > 65536;

-- The roster as it was at a hand-out, as far as answers depend on it.
CREATE TABLE edition (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- What a task's answers come to, and how that was settled.
CREATE TABLE final (
  seq           INTEGER PRIMARY KEY,
  answer        TEXT NOT NULL,
  data          TEXT NOT NULL,             -- JSON, as in answer
  origin        TEXT NOT NULL,             -- agreed, majority, model, adjudicated
  settlement    TEXT NOT NULL,             -- JSON: the rule, the reason, the versions that it rests on
  annotator     TEXT,                      -- NULL, or the adjudicator
  time_returned INTEGER NOT NULL
);

-- What the lead and the sysadmin have changed.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,                 -- milliseconds since 1970, UTC
  actor  TEXT NOT NULL,
  action TEXT NOT NULL,
  task   TEXT,                             -- NULL, or the task's id
  detail TEXT NOT NULL                     -- JSON
);

-- Keys to the ports.
CREATE TABLE access_key (
  name TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'full',       -- full; room for others, such as read-only
  key  TEXT NOT NULL,
  ends INTEGER,                            -- NULL, or when it ceases to fit
  PRIMARY KEY (name, kind)
) WITHOUT ROWID;
INSERT INTO access_key (name, key)
  SELECT substr(key, 5), value FROM meta WHERE key >= 'key:' AND key < 'key;';
DELETE FROM meta WHERE key >= 'key:' AND key < 'key;';

-- Stores that hold tasks keep the rule by which these were told apart.
INSERT INTO meta SELECT 'identity', 'format-2' WHERE EXISTS (SELECT 1 FROM task);
UPDATE meta SET value = 3 WHERE key = 'format';
