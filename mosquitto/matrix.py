"""The rights of `mosquitto.acl` as tables for people: who, which topic, read or write.

A row is a filter of the matrix, a column a user; a cell is what all rights of the user
together allow for it. What is in no row is denied to all.
"""

from collections.abc import Iterable

from mosquitto.acl import OWN, Access, Right, cluster_rights, main_rights
from mosquitto.topic import ANY

_CLUSTER = "{cluster}"
_OWN_SHOWN = "{own id}"

_BEGIN = "<!-- rights: written by `python -m mosquitto` -->\n"
_END = "<!-- end of rights -->\n"

_READS = (Access.READ, Access.BOTH)
_WRITES = (Access.WRITE, Access.BOTH)


def tables() -> str:
    """Return the tables of the main broker and of a cluster's."""
    main, cluster = main_rights([_CLUSTER]), cluster_rights(_CLUSTER)
    return f"{_table('main', main)}\n{_table('a cluster', cluster)}"


def inserted(page: str) -> str:
    """Return `page` with the tables of now between its two marks."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{tables()}\n{_END}{after}"


def cell(rights: Iterable[Right], user: str, filter_: str) -> str:
    """Return what a user may do with all topics of a filter: `r`, `w`, `rw` or `-`."""
    granted = {
        right.access
        for right in rights
        if (right.user == user or OWN in right.filter)
        and _covers(right.filter, filter_)
    }
    reads = "r" if granted.intersection(_READS) else ""
    writes = "w" if granted.intersection(_WRITES) else ""
    return f"{reads}{writes}" or "-"


def _table(broker: str, rights: list[Right]) -> str:
    granted = [right for right in rights if right.access is not Access.DENY]
    users = [*dict.fromkeys(right.user for right in granted)]
    rows = [[f"on {broker}", *(user or "anybody" for user in users)]]
    rows += [["---"] * len(rows[0])]
    for filter_ in sorted({right.filter for right in granted}):
        cells = [cell(granted, user, filter_) for user in users]
        rows.append([f"`{filter_.replace(OWN, _OWN_SHOWN)}`", *cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _covers(wide: str, narrow: str) -> bool:
    """Tell whether a filter without `#`, or the same filter, has all of another's."""
    if wide == narrow:
        return True
    levels, others = wide.split("/"), narrow.split("/")
    return len(levels) == len(others) and all(
        level in (ANY, other) for level, other in zip(levels, others, strict=True)
    )
