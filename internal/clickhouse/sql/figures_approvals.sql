-- The AI-assisted changes of a period, counted by approval, kind, tier and size,
-- with a sample of how long they took and how large their batches were. They are
-- folded as in figures_cells. Which approvals count was worked out when they were
-- stored; here it is told which of them are a senior's.
WITH
    (
        SELECT (arrayPushBack(groupArray(name), ''), arrayPushBack(groupArray(rank), toUInt8(255)))
        FROM (SELECT name, toUInt8(if(tier = 0, 255, tier)) AS rank FROM services_current)
    ) AS tiers,
    (
        SELECT (arrayPushBack(groupArray(who), 0), arrayPushBack(groupArray(word), 0), arrayPushBack(groupArray(label), 0), arrayPushBack(groupArray(label_at), 0))
        FROM
        (
            SELECT bitXor(xxHash64(id), xxHash64(source)) AS who, toUInt8(indexOf({classes:Array(String)}, override_class) + 16 * (override_class != '')) AS word,
                toUInt8(indexOf({classes:Array(String)}, label_class)) AS label, toUInt64(toUnixTimestamp64Milli(labelled_at)) AS label_at
            FROM provenance_decided
        )
    ) AS said,
    arrayExists(a -> has({levels:Array(String)}, splitByChar('\n', toString(a))[1])
        AND NOT has({machines:Array(String)}, splitByChar('\n', toString(a))[2]), approvals) AS by_senior,
    arrayExists(a -> NOT has({machines:Array(String)}, splitByChar('\n', toString(a))[2]), approvals) AS by_somebody,
    toUInt8(multiIf(empty(approvals), 0, by_senior, 2, by_somebody, 1, 0)) AS approved
SELECT
    kind_code, size, tier, approval, count() AS n, groupArrayIf(who, is_confirmed) AS confirmed_keys,
    groupArraySampleIf(300, 1)(lead, lead > 0) AS leads,
    groupArraySampleIf(300, 1)(batch, batch > 0) AS batches,
    groupArraySampleIf(300, 1)(changed, changed > 0) AS line_counts
FROM
(
    SELECT
        who, toUInt8(bitAnd(kind_at, 255)) AS kind_code, toUInt8(bitAnd(tier_at, 255)) AS tier, toUInt8(bitAnd(approval_at, 255)) AS approval,
        toUInt32(bitAnd(lines_at, 4194303)) AS changed, toUInt32(bitAnd(commits_at, 4194303)) AS batch, toUInt32(60 * bitAnd(lead_at, 4194303)) AS lead,
        toUInt8(multiIf(changed = 0, 0, changed <= 50, 1, changed <= 250, 2, changed <= 1000, 3, 4)) AS size,
        transform(who, said.1, said.2, toUInt8(0)) AS word,
        multiIf(word > 0, word % 16, class_at > 0, bitAnd(class_at, 255), transform(who, said.1, said.3, toUInt8(0))) AS class,
        who IN (SELECT arrayJoin({confirmed:Array(UInt64)})) AS is_confirmed
    FROM
    (
        SELECT
            who, maxIf(moment + class_code, class_code > 0) AS class_at, maxIf(moment + code, code > 0) AS kind_at,
            maxIf(moment + tier_code, has_place) AS tier_at, maxIf(moment + approved_code, tells) AS approval_at,
            maxIf(moment + least(all_lines, 4194303), all_commits > 0) AS lines_at, maxIf(moment + least(all_commits, 4194303), all_commits > 0) AS commits_at,
            maxIf(moment + least(lead_minutes, 4194303), all_commits > 0) AS lead_at,
            argMax(ms, moment) AS at, max(undone) AS rolled, max(elsewhere) AS not_here
        FROM
        (
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(least(greatest(toUnixTimestamp64Milli(ifNull(observed_at, arrived_at)), 0), 2199023255551)), 22) AS moment,
                if(toUnixTimestamp64Milli(ingested_at) <= transform(who, said.1, said.4, toUInt64(0)), 0,
                    toUInt8(transform(toString(provenance_class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0))) AS class_code,
                toUInt8(transform(toString(kind), {kinds:Array(String)}, range(1, length({kinds:Array(String)}) + 1), 0)) AS code,
                notEmpty(services) AS has_place,
                arrayMin(arrayMap(s -> transform(toString(s), tiers.1, tiers.2, toUInt8(255)), services)) AS rank, if(rank = 255, 0, rank) AS tier_code,
                approved AS approved_code, bitAnd(parts, 6) != 0 AS tells,
                lines AS all_lines, commits AS all_commits, intDiv(lead_seconds, 60) AS lead_minutes,
                undoes OR kind = 'rollback' AS undone, environment NOT IN ('', 'production') AS elsewhere
            FROM changes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64} - 3600000, 'UTC')
                AND started_at < fromUnixTimestamp64Milli({to:Int64} + 3600000, 'UTC')
            UNION ALL
            SELECT
                bitXor(key, xxHash64(source)) AS who, toUnixTimestamp64Milli(started_at) AS ms,
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(worked_at) + 2199023255552), 22) AS moment,
                toUInt8(transform(toString(class), {classes:Array(String)}, range(1, length({classes:Array(String)}) + 1), 0)) AS class_code,
                toUInt8(0) AS code, false AS has_place, toUInt8(0) AS rank, toUInt8(0) AS tier_code,
                approved AS approved_code, true AS tells,
                lines AS all_lines, commits AS all_commits, intDiv(lead_seconds, 60) AS lead_minutes,
                false AS undone, false AS elsewhere
            FROM change_wholes
            WHERE started_at >= fromUnixTimestamp64Milli({from:Int64} - 3600000, 'UTC')
                AND started_at < fromUnixTimestamp64Milli({to:Int64} + 3600000, 'UTC')
        )
        GROUP BY who
        HAVING not_here = 0 AND rolled = 0 AND kind_at > 0 AND at >= {from:Int64} AND at < {to:Int64} AND at <= {mature:Int64}
    )
)
WHERE class BETWEEN 2 AND 5
GROUP BY kind_code, size, tier, approval
