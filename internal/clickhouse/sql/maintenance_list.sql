-- Announced windows that end after a moment, as they were changed last, the
-- latest to begin first.
SELECT toString(id), environment, services, starts_at, ends_at, reason, created_by, created_at, changed_by, changed_at
FROM
(
    SELECT id, environment, services, starts_at, ends_at, reason, created_by, created_at, changed_by, changed_at
    FROM maintenance_windows
    ORDER BY changed_at DESC
    LIMIT 1 BY id
)
WHERE ends_at > {since:DateTime64(3)}
ORDER BY starts_at DESC, id
LIMIT {limit:UInt32}
