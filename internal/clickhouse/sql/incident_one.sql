-- The newest revision of one incident.
SELECT body FROM incidents WHERE id = {id:String} ORDER BY revision DESC, stored_at DESC LIMIT 1
