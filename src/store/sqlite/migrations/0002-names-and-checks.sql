-- From format 1 to format 2: who was named for a task, gold and repeats, skips.
-- Only tasks that named their annotators, or were loaded for some, had names in format 1.
ALTER TABLE task ADD COLUMN planned INTEGER NOT NULL DEFAULT 1;  -- wanted, before any disagreement
ALTER TABLE task ADD COLUMN part INTEGER;      -- the part of the mixture that it was counted to
ALTER TABLE task ADD COLUMN bound INTEGER NOT NULL DEFAULT 0;  -- the task or the load named its annotators
ALTER TABLE task ADD COLUMN purpose TEXT;      -- NULL, or what it checks: gold, repeat:ID
ALTER TABLE task ADD COLUMN former TEXT;       -- NULL, or JSON: who has held it and gave it back
UPDATE task SET planned = wanted, bound = (lanes <> '["*"]');
CREATE INDEX task_check ON task (seq) WHERE purpose IS NOT NULL;
CREATE INDEX answer_late ON answer (seq) WHERE counts = 0;
ALTER TABLE totals ADD COLUMN short INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN gold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET value = 2 WHERE key = 'format';
