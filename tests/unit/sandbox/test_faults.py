import pytest

from hub.sandbox import KINDS, PROFILES, FaultPlan


def drawn(plan: FaultPlan, count: int = 400) -> list[str | None]:
    return [plan.draw(records=True) for _ in range(count)]


def test_the_same_seed_gives_the_same_faults() -> None:
    assert drawn(FaultPlan("flaky", 7)) == drawn(FaultPlan("flaky", 7))
    assert drawn(FaultPlan("flaky", 7)) != drawn(FaultPlan("flaky", 8))


@pytest.mark.parametrize(("profile", "least", "most"), [("none", 0, 0), ("flaky", 0.08, 0.17), ("harsh", 0.22, 0.36)])
def test_profiles_are_as_bad_as_they_say(profile: str, least: float, most: float) -> None:
    faults = [kind for kind in drawn(FaultPlan(profile, 3), 2000) if kind]
    assert least <= len(faults) / 2000 <= most


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "revoked"])
def test_a_retry_can_always_win(profile: str) -> None:
    run = longest = 0
    for kind in drawn(FaultPlan(profile, 5), 3000):
        run = run + 1 if kind else 0
        longest = max(longest, run)
    assert longest <= 3


def test_flaky_never_needs_a_person() -> None:
    assert not {"revoked", "stall"} & set(drawn(FaultPlan("flaky", 1), 3000))


def test_revoked_does_not_end_by_itself() -> None:
    assert set(drawn(FaultPlan("revoked", 1))) == {"revoked"}


def test_explicit_faults_come_in_order_and_then_the_profile_goes_on() -> None:
    plan = FaultPlan()
    plan.ask(["500", "none", "reset"])
    assert drawn(plan, 5) == ["500", None, "reset", None, None]


@pytest.mark.parametrize(("then", "expected"), [([], [None, None]), (["reset"], ["reset", None])])
def test_what_is_asked_for_takes_the_place_of_what_was_asked_for_before(
    then: list[str], expected: list[str | None]
) -> None:
    plan = FaultPlan()
    plan.ask(["500", "503", "html"])
    plan.ask(then)
    assert drawn(plan, 2) == expected


def test_a_fault_of_records_waits_for_records() -> None:
    plan = FaultPlan()
    plan.ask(["malformed"])
    assert plan.draw(records=False) is None
    assert plan.draw(records=True) == "malformed"


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    plan = FaultPlan()
    with pytest.raises(ValueError, match="flaky"):
        plan.follow("shaky", 1)
    with pytest.raises(ValueError, match="reset"):
        plan.ask(["500", "explode"])
    assert plan.draw(records=True) is None
    assert set(KINDS) <= set(PROFILES)
