from strategy.views.editing import strategy_discard, strategy_draft, strategy_edit
from strategy.views.simulations import (
    simulation,
    simulation_export,
    simulation_stop,
    strategy_activate,
    strategy_simulate,
)
from strategy.views.treatments import proposal, proposals, treatments, treatments_export
from strategy.views.versions import strategies, strategy, strategy_compare

__all__ = [
    "proposal",
    "proposals",
    "simulation",
    "simulation_export",
    "simulation_stop",
    "strategies",
    "strategy",
    "strategy_activate",
    "strategy_compare",
    "strategy_discard",
    "strategy_draft",
    "strategy_edit",
    "strategy_simulate",
    "treatments",
    "treatments_export",
]
