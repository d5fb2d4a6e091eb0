-- The last snapshot of each source.
SELECT uid, arrived_at, raw, format != 'faultline' AS rewritten
FROM topologies
WHERE (source, observed_at) IN (SELECT source, max(observed_at) FROM topologies GROUP BY source)
ORDER BY observed_at, uid
