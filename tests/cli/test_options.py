"""Options that several verbs share."""

import click
import pytest
from click.testing import CliRunner

from fovea.cli import main, options


def run(option, *arguments):
    """What an option makes of its arguments, or what it says of them."""
    seen = []

    @click.command()
    @option
    def command(**values):
        seen.append(values)

    done = CliRunner().invoke(command, arguments)
    return seen[0] if seen else done.output


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "a"])
def test_a_positive_number_is_above_0_and_finite(text):
    option = click.option("--size", type=options.POSITIVE)
    assert run(option, "--size", "0.5") == {"size": 0.5}
    assert "'--size'" in run(option, "--size", text)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan"])
def test_a_score_is_from_0_to_1(text):
    option = click.option("--threshold", type=options.SCORE)
    assert [run(option, "--threshold", text)["threshold"] for text in ("0", "1")] == [0, 1]
    assert "'--threshold'" in run(option, "--threshold", text)


def test_a_scale_is_auto_or_in_eighths():
    option = options.scale_option("Size", "With auto it is chosen.")
    assert [run(option, *arguments)["scale"] for arguments in ((), ("--scale", "3/8"))] == ["auto", "3/8"]
    assert "'--scale'" in run(option, "--scale", "2/3")


@pytest.mark.parametrize(
    ("arguments", "jobs"), [((), 4), (("-j", "3"), 3), (("--jobs", "99"), 4), (("--jobs", "0"), None)]
)
def test_there_are_as_many_jobs_as_cores_at_most(arguments, jobs, monkeypatch):
    monkeypatch.setattr(options, "available_cores", lambda: 4)
    answer = run(options.jobs_option("Jobs"), *arguments)
    assert answer == {"jobs": jobs} if jobs else "'--jobs'" in answer


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ((), (1, 4, 1)),
        (("--workers", "2"), (2, 2, 1)),
        (("--jobs", "1", "--workers", "2"), (2, 1, 2)),
        (("--workers", "8"), (8, 1, 1)),
        (("--jobs", "99"), (1, 4, 1)),
    ],
)
def test_processes_of_the_service_share_the_cores(arguments, settings, monkeypatch):
    service = pytest.importorskip("fovea.serve")
    monkeypatch.setattr(options, "available_cores", lambda: 4)
    monkeypatch.setattr("fovea.cli.serve.available_cores", lambda: 4)
    seen = []
    monkeypatch.setattr(service, "run", seen.append)
    done = CliRunner(env={"FOVEA_TOKEN": ""}).invoke(main, ["serve", *arguments])
    assert done.exit_code == 0, done.output
    assert (seen[0].workers, seen[0].limits.jobs, seen[0].threads) == settings
