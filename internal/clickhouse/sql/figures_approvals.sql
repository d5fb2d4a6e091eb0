-- The AI-assisted changes of a period, counted by approval, kind, tier and size,
-- with a sample of how long they took and how large their batches were.
WITH
    said AS
    (
        SELECT source, xxHash64(id) AS key, if(override_class != '', override_class, label_class) AS class
        FROM provenance_decided
        WHERE override_class != '' OR label_class != ''
    ),
    (SELECT arrayPushBack(groupArray(name), '') FROM (SELECT name FROM services_current ORDER BY name)) AS names,
    (SELECT arrayPushBack(groupArray(tier), toUInt8(0)) FROM (SELECT name, toUInt8(tier) AS tier FROM services_current ORDER BY name)) AS tiers
SELECT
    kind_code, size, tier, approval, count() AS n, groupArrayIf(key, is_confirmed) AS confirmed_keys,
    groupArraySampleIf(300, 1)(lead, lead > 0) AS leads,
    groupArraySampleIf(300, 1)(folded_commits, folded_commits > 0) AS batches,
    groupArraySampleIf(300, 1)(folded_lines, folded_lines > 0) AS line_counts
FROM
(
    SELECT
        key, kind_code, tier, approval, lead, folded_commits, folded_lines,
        toUInt8(multiIf(folded_lines = 0, 0, folded_lines <= 50, 1, folded_lines <= 250, 2, folded_lines <= 1000, 3, 4)) AS size,
        key IN (SELECT arrayJoin({confirmed:Array(UInt64)})) AS is_confirmed
    FROM
    (
        SELECT
            source, key,
            argMaxIf(class, moment, class NOT IN ('', 'unknown')) AS folded_class,
            argMaxIf(code, moment, code > 0) AS kind_code,
            argMaxIf(tier_code, moment, has_place) AS tier,
            argMaxIf(lines, moment, commits > 0) AS folded_lines,
            argMaxIf(commits, moment, commits > 0) AS folded_commits,
            argMaxIf(lead_seconds, moment, commits > 0) AS lead,
            max(approved) AS approval,
            argMax(toUnixTimestamp64Milli(started_at), moment) AS at,
            max(undoes OR kind = 'rollback') AS rolled,
            max(elsewhere) AS not_here
        FROM
        (
            SELECT
                source, key, kind, started_at, lines, commits, undoes, lead_seconds,
                toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)) AS moment,
                toString(provenance_class) AS class,
                toUInt8(transform(toString(kind), {kinds:Array(String)}, range(1, length({kinds:Array(String)}) + 1), 0)) AS code,
                notEmpty(services) AS has_place,
                toUInt8(transform(toString(services[1]), names, tiers, toUInt8(0))) AS tier_code,
                toUInt8(multiIf(hasAny(approval_levels, {levels:Array(String)}), 2, notEmpty(approval_levels), 1, 0)) AS approved,
                environment NOT IN ('', 'production') AS elsewhere
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
                AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        )
        GROUP BY source, key
        HAVING not_here = 0 AND rolled = 0 AND at <= {mature:Int64}
    )
    WHERE if((source, key) IN (SELECT source, key FROM said),
        (source, key) IN (SELECT source, key FROM said WHERE class IN ({ai:Array(String)})), folded_class IN ({ai:Array(String)}))
)
GROUP BY kind_code, size, tier, approval
