from django.urls import path

from cases import views

urlpatterns = [
    path("", views.my_work, name="my-work"),
    path("worklist/", views.worklist, name="worklist"),
    path("worklist/export/", views.export_cases, name="export-cases"),
    path("queues/", views.queues, name="queues"),
    path("queues/counts/", views.queue_counts, name="queue-counts"),
    path("queues/save/", views.queue_save, name="queue-save"),
    path("queues/<int:pk>/", views.queue, name="queue"),
    path("queues/<int:pk>/filters/", views.queue_filters, name="queue-filters"),
    path("queues/<int:pk>/change/", views.queue_change, name="queue-change"),
    path("promises/", views.promises, name="promises"),
    path("disputes/", views.disputes, name="disputes"),
    path("search/", views.search, name="search"),
    path("board/", views.board, name="board"),
    path("board/panels/", views.board_panels, name="board-panels"),
    path("board/queues/", views.board_queues, name="board-queues"),
    path("board/refusals/", views.refusals, name="refusals"),
    path("board/hand-over/<int:pk>/", views.hand_over, name="hand-over"),
    path("cases/next/", views.take, name="take-next"),
    path("cases/assign/", views.assign_many, name="assign-many"),
    path("cases/<str:ref>/", views.case, name="case"),
    path("cases/<str:ref>/beside/", views.case_beside, name="case-beside"),
    # A reference may hold slashes.
    path("cases/<str:ref>/evidence/<path:account_ref>/", views.evidence, name="evidence"),
    path("cases/<str:ref>/note-files/<int:pk>/", views.note_file, name="note-file"),
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
