SELECT count() AS value FROM dead_letters WHERE $__timeFilter_ms(ingested_at)
