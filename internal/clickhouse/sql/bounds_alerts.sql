-- The first and the last start of an alert.
SELECT min(started_at), max(started_at), count() FROM alerts
