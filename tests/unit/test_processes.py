import pytest

from compose.processes import Part, Process, Step, layers, process_layers


def process(name: str, *needs: str) -> Process:
    return Process(name=name, command=(name,), ready=lambda: True, needs=needs)


def step(name: str, *needs: str) -> Step:
    return Step(name=name, run=lambda: None, needs=needs)


def names(sorted_layers: list[list[Part]]) -> list[list[str]]:
    return [[part.name for part in layer] for layer in sorted_layers]


def test_each_part_comes_after_all_that_it_needs() -> None:
    parts: list[Part] = [
        process("bridge", "topics", "main"),
        process("kafka", "format"),
        step("topics", "kafka"),
        step("format"),
        process("main"),
    ]

    assert names(layers(parts)) == [
        ["format", "main"],
        ["kafka"],
        ["topics"],
        ["bridge"],
    ]


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match="a, b"):
        layers([process("a", "b"), process("b", "a"), process("c")])


def test_a_need_that_nothing_meets_is_named() -> None:
    with pytest.raises(ValueError, match="web"):
        layers([process("web", "kafka")])


def test_only_what_stays_is_stopped() -> None:
    parts: list[Part] = [
        step("format"),
        process("kafka", "format"),
        process("web", "kafka"),
    ]

    stopping = process_layers(parts)

    assert [[part.name for part in layer] for layer in stopping] == [["kafka"], ["web"]]
