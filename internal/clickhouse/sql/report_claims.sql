-- The claims on a week that were not let go and are younger than a lease, by the
-- store's own clock, the first of them first.
SELECT claimant
FROM
(
    SELECT claimant, min(stored_at) AS first, max(stored_at) AS last, countIf(state = 'released') AS released
    FROM report_claims
    WHERE week = {week:String}
    GROUP BY claimant
)
WHERE released = 0 AND last > now64(3) - toIntervalMillisecond({lease:Int64})
ORDER BY first, claimant
