from django.urls import path

from freezing import views

urlpatterns = [
    path("freezes/", views.freezes, name="freezes"),
    path("freezes/<str:ref>/", views.freeze, name="freeze"),
]
