from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DelinquencyConfig(AppConfig):
    """The project itself, installed as an app for its management commands and static files."""

    name = "delinquency"
    verbose_name = _("Delinquency")

    def ready(self) -> None:
        from cases.errors import say_with
        from delinquency.words import word

        say_with(word)
