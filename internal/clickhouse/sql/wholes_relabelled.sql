-- The changes that people or later rules gave a class in a stretch of time.
SELECT DISTINCT xxHash64(id) AS key
FROM
(
    SELECT id FROM provenance_overrides
    WHERE decided_at > fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND decided_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    UNION ALL
    SELECT id FROM provenance_labels
    WHERE labelled_at > fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND labelled_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
)
