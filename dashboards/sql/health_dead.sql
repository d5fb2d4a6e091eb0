SELECT count() AS dead_letters FROM dead_letters FINAL WHERE $__timeFilter_ms(event_time)
