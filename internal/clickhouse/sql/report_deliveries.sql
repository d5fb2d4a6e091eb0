-- How the deliveries of a report stand: the last that was noted of each
-- recipient. What was sent once stays sent.
SELECT recipient, if(countIf(state = 'sent') > 0, 'sent', argMax(state, (at, state != 'begun'))) AS last, argMax(problem, at) AS problem
FROM report_deliveries
WHERE week = {week:String}
GROUP BY recipient
ORDER BY recipient
