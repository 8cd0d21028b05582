"""What runs by the clock. RQ only logs an entry that it cannot register, so that every one is looked for here."""

from django.core.management import call_command
from django_rq.cron import DjangoCronScheduler
from rq.job import Job
from rq.serializers import JSONSerializer

from delinquency import cron


def test_every_entry_is_registered_with_its_queue_and_its_time() -> None:
    scheduler = DjangoCronScheduler()
    scheduler.load_config_from_file("delinquency.cron")
    registered = {job.func_name: (job.queue_name, job.cron or job.interval) for job in scheduler.get_jobs()}
    assert registered == {
        f"{function.__module__}.{function.__name__}": (queue, when.get("cron") or when["interval"])
        for function, queue, when in cron.ENTRIES
    }
    assert "delinquency.jobs.close_day_nightly" in registered


def test_what_cron_enqueues_can_be_read_by_our_workers(valkey) -> None:
    scheduler = DjangoCronScheduler()
    scheduler.load_config_from_file("delinquency.cron")
    for entry in scheduler.get_jobs():
        job = entry.enqueue(scheduler.connection)
        fetched = Job.fetch(job.id, connection=scheduler.connection, serializer=JSONSerializer)
        assert fetched.func_name == entry.func_name


def test_the_engines_command_says_what_runs(capsys) -> None:
    call_command("engines", "status")
    assert "PostgreSQL: " in capsys.readouterr().out
