-- When the changes of each class to some services began, for the chance that one
-- stands before an incident by accident.
SELECT arrayJoin(arrayFilter(s -> has({services:Array(String)}, s), folded_services)) AS service, class, arraySort(groupArray(at)) AS moments
FROM
(
    SELECT
        source, key,
        argMaxIf(toUInt8(transform(toString(provenance_class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)), moment,
            provenance_class NOT IN ('', 'unknown')) AS class,
        argMaxIf(arrayMap(s -> toString(s), services), moment, notEmpty(services)) AS folded_services,
        argMax(toUnixTimestamp64Milli(started_at), moment) AS at
    FROM
    (
        SELECT source, key, provenance_class, services, started_at, toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)) AS moment
        FROM changes
        WHERE started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
            AND environment IN ('', 'production') AND kind != 'rollback' AND undoes = 0
            AND hasAny(services, {services:Array(String)})
    )
    GROUP BY source, key
)
GROUP BY service, class
