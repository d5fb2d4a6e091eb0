-- The first suspects of the incidents of a period: of the newest version of the
-- finding, and of every version that a person judged.
SELECT DISTINCT incident, version, rank, change_source, change_id, probability
FROM suspects
WHERE rank <= {ranks:UInt32}
    AND incident IN
    (
        SELECT id FROM incidents
        WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    )
    AND (incident, version) IN
    (
        SELECT incident, max(version) FROM findings GROUP BY incident
        UNION ALL
        SELECT incident, finding_version FROM verdicts
    )
ORDER BY incident, version, rank
