SELECT decided_at AS decided, id AS change, toString(source) AS source, toString(class) AS class, reason
FROM provenance_overrides FINAL WHERE $__timeFilter_ms(decided_at)
ORDER BY decided DESC LIMIT 100
