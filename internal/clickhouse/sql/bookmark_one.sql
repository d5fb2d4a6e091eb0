-- How far a reader has come.
SELECT argMax(at, stored_at) AS at FROM bookmarks WHERE name = {name:String} HAVING count() > 0
