SELECT dateDiff('second', greatest((SELECT max(ingested_at) FROM changes), (SELECT max(ingested_at) FROM alerts)), now64(3)) AS value LIMIT 1
