"""The pages of what goes out."""

from reminders.views.messages import message, messages
from reminders.views.templates import template, template_edit, template_new, template_preview, templates

__all__ = ["message", "messages", "template", "template_edit", "template_new", "template_preview", "templates"]
