import configparser
import shlex
from pathlib import Path

from compose.layout import Layout
from compose.processes import Process
from compose.supervision.stopping import stop_order
from compose.supervision.supervisor import render

PARTS = ("kafka", "main", "web")


def process(name: str, *arguments: str, **environment: str) -> Process:
    return Process(
        name=name,
        command=(name, *arguments),
        ready=lambda: True,
        environment=environment,
        stop_within_s=7,
    )


def rendered(*layers: list[Process]) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(render(Layout(Path("/state")), layers))
    return parser


def command(parser: configparser.RawConfigParser, name: str) -> list[str]:
    """Read a command as supervisor does: expansion first, then words."""
    return shlex.split(parser[f"program:{name}"]["command"] % {})


def test_what_ends_is_left_to_the_reviver_with_its_status() -> None:
    program = rendered([process("web")])["program:web"]

    assert program["autostart"] == "false"
    assert program["autorestart"] == "false"
    assert program["startretries"] == "0"
    assert program["startsecs"] == "0"


def test_the_reviver_alone_is_started_by_supervisor_and_never_given_up() -> None:
    reviver = rendered([process("web")])["eventlistener:reviver"]

    assert shlex.split(reviver["command"])[1:] == [
        "-m",
        "compose.supervision.reviver",
        "/state",
    ]
    assert reviver["autostart"] == "true"
    assert reviver["autorestart"] == "true"
    assert int(reviver["startretries"]) >= 100_000


def test_the_reviver_is_stopped_last_and_told_before() -> None:
    parser = rendered([process("kafka")])

    priority = int(parser["eventlistener:reviver"]["priority"])
    assert priority < int(parser["program:kafka"]["priority"])
    events = parser["eventlistener:reviver"]["events"].split(",")
    assert "SUPERVISOR_STATE_CHANGE_STOPPING" in events


def test_a_process_is_asked_first_and_its_whole_group_killed_after_its_time() -> None:
    program = rendered([process("stream")])["program:stream"]

    assert program["stopsignal"] == "TERM"
    assert program["stopwaitsecs"] == "7"
    assert program["stopasgroup"] == "false"
    assert program["killasgroup"] == "true"


def test_each_process_comes_and_goes_alone_and_has_its_layer_as_priority() -> None:
    parser = rendered([process("kafka"), process("main")], [process("web")])

    assert not [name for name in parser.sections() if name.startswith("group:")]
    places = {name: parser[f"program:{name}"]["priority"] for name in PARTS}
    assert places == {"kafka": "0", "main": "0", "web": "1"}


def test_what_needs_others_is_stopped_first_a_layer_at_a_time() -> None:
    priorities = {"kafka": 0, "main": 0, "web": 1, "not there": 2}

    order = stop_order({"kafka", "main", "web", "forgotten"}, priorities)

    assert order == [{"forgotten"}, {"web"}, {"kafka", "main"}]


def test_every_argument_arrives_as_it_was_given() -> None:
    arguments = ["-cp", "/jars/*", "two words", "100%", "%(ENV_HOME)s", "it's"]

    parser = rendered([process("java", *arguments)])

    assert command(parser, "java") == ["java", *arguments]


def test_a_process_gets_variables_of_its_own() -> None:
    parser = rendered([process("web", PLACE="a b=c")])

    assert command(parser, "web") == ["env", "PLACE=a b=c", "web"]


def test_both_outputs_go_to_one_log_that_is_rotated() -> None:
    program = rendered([process("web")])["program:web"]

    assert program["stdout_logfile"] == "/state/log/web.log"
    assert program["redirect_stderr"] == "true"
    assert int(program["stdout_logfile_maxbytes"]) > 0
    assert int(program["stdout_logfile_backups"]) > 0


def test_only_its_owner_can_give_orders() -> None:
    server = rendered()["unix_http_server"]

    assert server["file"] == "/state/run/supervisor.sock"
    assert server["chmod"] == "0700"
