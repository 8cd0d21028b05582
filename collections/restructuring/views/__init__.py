"""Pages: the simulator, the list of plans, a plan with its agreement."""

from restructuring.views.plans import agreement, plan, plan_renew, plan_scan, plans, plans_export
from restructuring.views.simulator import plan_new

__all__ = ["agreement", "plan", "plan_new", "plan_renew", "plan_scan", "plans", "plans_export"]
