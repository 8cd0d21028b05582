from datetime import date

from django.urls import path, register_converter

from runs import views


class DayConverter:
    """A date in an address: 2026-11-22."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(DayConverter, "day")

urlpatterns = [
    path("days/", views.day_closes, name="day-closes"),
    path("days/<day:day>/", views.day_close, name="day-close"),
    path("jobs/<uuid:pk>/", views.job, name="job"),
]
