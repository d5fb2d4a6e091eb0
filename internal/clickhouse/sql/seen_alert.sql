-- Which of these alert events are stored, by the index of uids.
SELECT DISTINCT uid FROM alerts WHERE uid IN {uids:Array(UInt64)}
