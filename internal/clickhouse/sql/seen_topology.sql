-- Which of these snapshots are stored. They are few.
SELECT DISTINCT uid FROM topologies WHERE uid IN {uids:Array(UInt64)}
