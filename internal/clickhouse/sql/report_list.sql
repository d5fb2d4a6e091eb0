-- The weeks that a report is stored of, newest first.
SELECT week, max(made_at) AS made FROM reports GROUP BY week ORDER BY week DESC LIMIT {limit:UInt32}
