-- What each target was told last of each incident, of what was told since.
SELECT incident, target, told_at, thread, status, severity, verdict, suspect, state, commander
FROM notices
WHERE told_at >= {since:DateTime64(3)}
ORDER BY told_at DESC
LIMIT 1 BY target, incident
