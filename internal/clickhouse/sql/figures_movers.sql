-- The hashed ids of changes with events on both sides of a moment: their start was
-- corrected over it. One that several sources use may come along, which is no
-- harm: whoever is on the list is counted over the whole period.
SELECT DISTINCT key
FROM changes
WHERE started_at >= fromUnixTimestamp64Milli({middle:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND key IN
    (
        SELECT key FROM changes
        WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({middle:Int64}, 'UTC')
    )
