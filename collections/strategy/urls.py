from django.urls import path

from strategy import views

urlpatterns = [
    path("strategy/", views.strategies, name="strategies"),
    path("strategy/<int:number>/", views.strategy, name="strategy-version"),
    path("strategy/<int:number>/compare/", views.strategy_compare, name="strategy-compare"),
]
