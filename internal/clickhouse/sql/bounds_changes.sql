-- The first and the last start of a change.
SELECT min(started_at), max(started_at), count() FROM changes
