"""Users, by those who may manage them."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from staff.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ["username", "display_name", "email", "is_staff", "is_active", "last_login"]
    search_fields = ["username", "display_name", "first_name", "last_name", "email"]
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), (_("At work"), {"fields": ("display_name", "language")}))
    add_fieldsets = (*DjangoUserAdmin.add_fieldsets, (_("At work"), {"fields": ("display_name", "is_staff")}))
