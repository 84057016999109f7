from pathlib import Path

import msgspec

from compose.credentials import FILE, Credentials


def test_an_installation_of_before_gets_a_key_for_hosts_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    before = Credentials.load_or_make(tmp_path, ["web"])
    fields = msgspec.to_builtins(before)
    del fields["host"]
    (tmp_path / FILE).write_bytes(msgspec.json.encode(fields))

    made = Credentials.load_or_make(tmp_path, ["web"])

    assert made.host
    assert msgspec.structs.replace(made, host=before.host) == before
    assert Credentials.load(tmp_path) == made
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_key_for_hosts_stays_what_it_is(tmp_path: Path) -> None:
    first = Credentials.load_or_make(tmp_path, ["web"])
    second = Credentials.load_or_make(tmp_path, ["web", "bridge"])

    assert second.host == first.host
    assert second.passwords["web"] == first.passwords["web"]


def test_no_two_installations_have_the_same_key_for_hosts(tmp_path: Path) -> None:
    one, other = (Credentials.load_or_make(tmp_path / name, []) for name in "ab")

    assert one.host != other.host
