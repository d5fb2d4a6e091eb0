-- One version of a finding, the newest when the version is 0. A version that
-- was stored twice is the same.
SELECT body
FROM findings
WHERE incident = {incident:String} AND ({version:UInt32} = 0 OR version = {version:UInt32})
ORDER BY version DESC, stored_at DESC
LIMIT 1
