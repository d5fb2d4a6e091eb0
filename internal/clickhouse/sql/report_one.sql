-- The report of a week as it was stored.
SELECT body FROM reports WHERE week = {week:String} ORDER BY made_at DESC LIMIT 1
