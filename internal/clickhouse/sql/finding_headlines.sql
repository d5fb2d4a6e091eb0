-- The newest finding of each incident in a few words.
SELECT
    incident, version, verdict, no_change_probability,
    JSONExtractString(body, 'suspects', 1, 'change', 'source'),
    JSONExtractString(body, 'suspects', 1, 'change', 'id'),
    JSONExtractString(body, 'suspects', 1, 'change', 'kind'),
    left(JSONExtractString(body, 'suspects', 1, 'change', 'title'), 2000),
    JSONExtractFloat(body, 'suspects', 1, 'probability')
FROM
(
    SELECT incident, version, verdict, no_change_probability, body
    FROM findings
    WHERE incident IN {incidents:Array(String)}
    ORDER BY version DESC, stored_at DESC
    LIMIT 1 BY incident
)
