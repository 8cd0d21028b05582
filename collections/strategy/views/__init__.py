from strategy.views.versions import strategies, strategy, strategy_compare

__all__ = ["strategies", "strategy", "strategy_compare"]
