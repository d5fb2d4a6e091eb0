-- Of changes whose events were just stored: those that one event does not tell
-- whole, those that were worked out before, and changes to source code, whose
-- carriers are to be worked out.
SELECT DISTINCT key
FROM
(
    SELECT source, key
    FROM changes
    WHERE started_at IN (SELECT fromUnixTimestamp64Milli(arrayJoin({starts:Array(Int64)}), 'UTC'))
        AND key IN (SELECT arrayJoin({keys:Array(UInt64)}))
    GROUP BY source, key
    HAVING max(environment = 'repository') OR max(parts) = 255 OR bitAnd(groupBitOr(parts), 8) != 0
        OR (uniqExact(uid) > 1 AND bitAnd(groupBitOr(parts), 6) != 0)
    UNION ALL
    SELECT source, key
    FROM change_wholes
    WHERE started_at IN (SELECT fromUnixTimestamp64Milli(arrayJoin({starts:Array(Int64)}), 'UTC'))
        AND key IN (SELECT arrayJoin({keys:Array(UInt64)}))
)
