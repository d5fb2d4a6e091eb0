SELECT count() AS decisions FROM policy_decisions FINAL WHERE $__timeFilter_ms(decided_at)
