from django.urls import path

from cases import views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("cases/<str:ref>/", views.case, name="case"),
    # A reference may hold slashes.
    path("cases/<str:ref>/evidence/<path:account_ref>/", views.evidence, name="evidence"),
    *(
        path(
            f"cases/<str:ref>/{verb.code}/" + ("<int:target>/" if verb.target else ""),
            views.act,
            {"code": verb.code},
            name=verb.name,
        )
        for verb in views.VERBS
    ),
]
