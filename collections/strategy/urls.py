from django.urls import path

from strategy import views

urlpatterns = [
    path("strategy/", views.strategies, name="strategies"),
    path("strategy/new/", views.strategy_draft, name="strategy-draft"),
    path("strategy/<int:number>/", views.strategy, name="strategy-version"),
    path("strategy/<int:number>/edit/", views.strategy_edit, name="strategy-edit"),
    path("strategy/<int:number>/discard/", views.strategy_discard, name="strategy-discard"),
    path("strategy/<int:number>/compare/", views.strategy_compare, name="strategy-compare"),
    path("strategy/<int:number>/simulate/", views.strategy_simulate, name="strategy-simulate"),
    path("strategy/<int:number>/activate/", views.strategy_activate, name="strategy-activate"),
    path("strategy/simulations/<int:pk>/", views.simulation, name="simulation"),
    path("strategy/simulations/<int:pk>/export/", views.simulation_export, name="simulation-export"),
    path("strategy/simulations/<int:pk>/stop/", views.simulation_stop, name="simulation-stop"),
    path("treatments/", views.treatments, name="treatments"),
    path("treatments/export/", views.treatments_export, name="treatments-export"),
    path("proposals/", views.proposals, name="proposals"),
    path("proposals/<int:pk>/", views.proposal, name="proposal"),
]
