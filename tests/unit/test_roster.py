from clients.worker.roster import Key, Member, Roster

KEY = Key("1", "final", "full")


def test_a_lease_that_was_renewed_ends_when_the_last_one_does() -> None:
    roster = Roster()
    roster.put("ann", Member(KEY, until_s=10))
    roster.put("ann", Member(KEY, until_s=20))

    assert [*roster.expired(15)] == []
    assert [*roster.expired(20)] == ["ann"]


def test_who_has_left_does_not_expire_and_may_come_again() -> None:
    roster = Roster()
    roster.put("ann", Member(KEY, until_s=10))
    roster.remove("ann")
    roster.put("ann", Member(KEY, until_s=30))

    assert [*roster.expired(20)] == []
    assert [*roster.expired(30)] == ["ann"]


def test_a_client_that_joins_again_and_again_costs_no_more_memory() -> None:
    roster = Roster()
    for second in range(1000):
        roster.put("ann", Member(KEY, until_s=second + 300))

    assert roster.timed == 1
    assert [*roster.expired(1298)] == []
    assert [*roster.expired(1299)] == ["ann"]


def test_a_relay_is_closed_with_its_last_member_only() -> None:
    roster = Roster()
    roster.put("ann", Member(KEY, until_s=10))
    roster.put("bob", Member(KEY, until_s=10))

    assert roster.remove("ann") is None
    assert roster.remove("bob") == KEY
    assert roster.remove("bob") is None
    assert [*roster.rooms] == []


def test_a_relay_that_came_back_goes_with_its_last_member() -> None:
    roster = Roster()
    roster.put("ann", Member(KEY, until_s=10))
    roster.hand_over({KEY.slot})
    assert [*roster.rooms] == ["final"]

    roster.put("ann", Member(KEY, until_s=10))
    assert roster.remove("ann") == KEY
    assert [*roster.rooms] == []
