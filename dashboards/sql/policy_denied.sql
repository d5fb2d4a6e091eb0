SELECT countIf(decision = 'deny') / nullIf(count(), 0) AS denied FROM policy_decisions FINAL WHERE $__timeFilter_ms(decided_at)
