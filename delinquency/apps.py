from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DelinquencyConfig(AppConfig):
    """The project itself, installed as an app for its management commands and static files."""

    name = "delinquency"
    verbose_name = _("Delinquency")

    def ready(self) -> None:
        from cases.errors import say_with
        from delinquency.words import reason, word
        from runs.texts import say_reasons_with

        say_with(word)
        say_reasons_with(reason)
