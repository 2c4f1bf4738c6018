from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.contract import Capacity, StageSpec
from mlops.release import Change, Move
from mlops.release.automation.desired import Desired, ModelState, desired
from mlops.release.automation.failures import Failure
from mlops.release.git.trailer import Occasion

MODEL, STAGE = "bike-demand", "dev"
APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def stage(promotion: str, name: str = STAGE) -> StageSpec:
    capacity = Capacity(instance_type="ml.m5.large", min_instances=2, max_instances=2)
    return StageSpec.model_validate(
        {
            "name": name,
            "account": "222222222222",
            "region": "eu-west-1",
            "capacity": {"standard": capacity},
            "promotion": promotion,
        }
    )


@dataclass
class World:
    """One stage with its pin, its history and a registry; people and the automation act on it."""

    promotion: str = "on-approval"
    statuses: dict[int, str] = field(default_factory=dict)
    pinned: int | None = None
    history: list[Change] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)

    def pin(self, version: int | None, who: str = "Ada") -> "World":
        if version != self.pinned:
            self.history.append(
                Change(
                    commit=f"{len(self.history)}" * 40,
                    when=MOMENT,
                    who=who,
                    message="",
                    stage=STAGE,
                    before=self.pinned,
                    version=version,
                    by_automation=who == "automation",
                )
            )
        self.pinned = version
        return self

    def looked_at(self) -> Desired:
        state = ModelState(
            model=MODEL,
            pins={STAGE: self.pinned},
            statuses=self.statuses,
            history=self.history,
            failures=self.failures,
            asked={STAGE: self.asked},
        )
        (found,) = desired(state, [stage(self.promotion)])
        return found

    def fails(self, version: int, where: str = STAGE) -> "World":
        """A stage rolls a version back, before anything else that happened."""
        self.failures.append(failure(version, where))
        return self

    def swept(self) -> Desired:
        """One run of the automation."""
        found = self.looked_at()
        if found.move is not None:
            self.pin(found.move.version, who="automation")
        return found


def failure(version: int, where: str = STAGE) -> Failure:
    return Failure(
        stage=where,
        version=version,
        deployment=f"config-{version}",
        at=MOMENT + timedelta(seconds=1),
        reason=f"version {version} failed",
    )


def approved(*versions: int) -> dict[int, str]:
    return dict.fromkeys(versions, APPROVED)


def target(world: World) -> int | None:
    move = world.looked_at().move
    return None if move is None else move.version


def decision(found: Desired) -> tuple[Occasion, int, str]:
    assert found.step is not None
    return found.step.occasion, found.step.decided, found.step.decision


@pytest.mark.parametrize("promotion", ["on-approval", "pull-request"])
def test_the_highest_approved_version_is_pinned_first(promotion: str) -> None:
    world = World(promotion=promotion, statuses={**approved(1, 3), 4: PENDING, 5: REJECTED})

    found = world.looked_at()

    assert found.move == Move(model=MODEL, stage=STAGE, before=None, version=3)
    assert decision(found) == (Occasion.APPROVED, 3, "3 is approved")
    assert (found.notes, found.problem) == ((), None)


def test_without_an_approved_version_nothing_is_pinned_and_nothing_is_wrong() -> None:
    found = World(statuses={1: PENDING}).looked_at()

    assert (found.move, found.notes, found.problem) == (
        None, ("no version is approved yet",), None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "said"), [(APPROVED, ""), (REJECTED, "; 2 is rejected"), (PENDING, "")]
)
def test_a_stage_that_releases_by_hand_never_moves(status: str, said: str) -> None:
    world = World(promotion="by-hand", statuses={1: APPROVED, 2: status, 3: APPROVED}).pin(2)

    found = world.looked_at()

    assert (found.move, found.problem) == (None, None)
    assert found.notes == (f"people release here{said}",)


@pytest.mark.parametrize("status", [APPROVED, PENDING])
def test_a_pin_that_nobody_rejected_moves_forward_only(status: str) -> None:
    ahead = World(statuses={**approved(2, 4), 3: status}).pin(3)
    behind = World(statuses={**approved(1, 2), 3: status}).pin(3)

    assert target(ahead) == 4
    assert target(behind) is None
    assert behind.looked_at().held == ()


@pytest.mark.parametrize(
    ("statuses", "expected", "standing"),
    [
        ({**approved(1, 2), 3: REJECTED}, 2, "rejected"),
        ({**approved(1, 2)}, 2, "unknown to the registry"),
        ({**approved(1, 2, 5), 3: REJECTED}, 5, "rejected"),
        ({1: APPROVED, 2: REJECTED, 3: REJECTED}, 1, "rejected"),
    ],
)
def test_a_pin_that_was_rejected_or_deleted_moves_to_the_candidate_also_backwards(
    statuses: dict[int, str], expected: int, standing: str
) -> None:
    world = World(statuses=statuses).pin(3)

    assert target(world) == expected
    assert decision(world.looked_at()) == (Occasion.REJECTED, 3, f"3 is {standing}")


def test_a_pin_that_its_own_stage_rolled_back_moves_to_the_candidate() -> None:
    approved_still = World(statuses=approved(2, 3)).pin(3).fails(3)
    rejected = World(statuses={2: APPROVED, 3: REJECTED}).pin(3).fails(3)
    undecided = World(statuses={2: APPROVED, 3: PENDING}).pin(3).fails(3)

    for world in (approved_still, rejected, undecided):
        assert target(world) == 2
        assert decision(world.looked_at()) == (Occasion.ROLLED_BACK, 3, "3 was rolled back")


def test_a_pin_that_was_rolled_back_moves_to_a_newer_candidate_as_well() -> None:
    world = World(statuses=approved(2, 3, 4)).pin(3).fails(3)

    assert target(world) == 4


def test_what_its_own_stage_rolled_back_is_not_pinned_again() -> None:
    world = World(statuses=approved(2, 3)).pin(3).fails(3)
    world.swept()

    found = world.looked_at()

    assert found.move is None
    assert found.held == (
        (
            "3 is approved and held: rolled back in dev at 2026-01-01T00:00:01+00:00; "
            "approve it again or pin it to let it in again"
        ),
    )


def test_a_rolled_back_pin_without_a_candidate_stays_and_is_a_problem() -> None:
    found = World(statuses=approved(3)).pin(3).fails(3).looked_at()

    assert found.move is None
    assert found.problem is not None
    assert "3 is pinned and was rolled back, and no approved version" in found.problem


def test_a_person_who_pins_what_was_rolled_back_lets_it_in_again() -> None:
    world = World(statuses=approved(2, 3)).pin(3).fails(3).pin(2, who="automation")
    later = world.history[-1]
    world.pin(3)
    world.history[-1] = replace(world.history[-1], when=later.when + timedelta(seconds=2))

    assert target(world) is None
    assert world.looked_at().held == ()


def test_the_automations_own_pin_lets_nothing_in_again() -> None:
    world = World(statuses=approved(2, 3)).pin(2).fails(3).pin(3, who="automation")
    world.history[-1] = replace(world.history[-1], when=MOMENT + timedelta(seconds=2))

    assert target(world) == 2


def path_of(world: World, first: str) -> list[Desired]:
    """The decisions of another stage and of the world's, in this order."""
    pins = {first: world.pinned, STAGE: world.pinned}
    state = ModelState(
        model=MODEL,
        pins=pins,
        statuses=world.statuses,
        history=world.history,
        failures=world.failures,
        asked={STAGE: world.asked},
    )
    return desired(state, [stage("on-approval", first), stage(world.promotion)])


def test_what_a_stage_before_rolled_back_is_held_here() -> None:
    world = World(statuses=approved(2, 3)).pin(2).fails(3, "qa")

    _, here = path_of(world, "qa")

    assert here.move is None
    assert "3 is approved and held: rolled back in qa at" in here.held[0]


def test_what_a_stage_after_rolled_back_counts_for_nothing_here() -> None:
    world = World(statuses=approved(2, 3)).pin(2).fails(3)

    before, _ = path_of(world, "qa")

    assert before.move == Move(model=MODEL, stage="qa", before=2, version=3)


def test_a_pin_that_never_ran_here_goes_back_with_the_stage_before() -> None:
    world = World(statuses=approved(2, 3)).pin(3).fails(3, "qa")

    _, here = path_of(world, "qa")

    assert decision(here) == (
        Occasion.ROLLED_BACK, 3, "3 was rolled back in qa and never ran here",
    )  # fmt: skip
    assert here.move == Move(model=MODEL, stage=STAGE, before=3, version=2)


def test_a_pin_that_ran_here_stays_whatever_a_stage_before_says() -> None:
    world = World(statuses=approved(2, 3), asked={3}).pin(3).fails(3, "qa")

    _, here = path_of(world, "qa")

    assert here.move is None
    assert here.held == (
        "3 is pinned here and was rolled back in qa at 2026-01-01T00:00:01+00:00: decide about it",
    )


def test_a_stage_that_is_released_by_hand_is_told_of_what_failed() -> None:
    world = World(promotion="by-hand", statuses=approved(2, 3)).pin(3).fails(3)

    found = world.looked_at()

    assert found.notes == ("people release here; 3 was rolled back",)
    assert "3 is pinned here and was rolled back in dev at" in found.held[0]


@pytest.mark.parametrize(("unheard", "moved"), [("qa", []), (STAGE, ["qa"])])
def test_nothing_moves_from_the_first_stage_on_whose_records_cannot_be_read(
    unheard: str, moved: list[str]
) -> None:
    state = ModelState(
        model=MODEL,
        pins={"qa": 1, STAGE: 1},
        statuses=approved(1, 2),
        history=[],
        unheard={unheard},
    )

    found = desired(state, [stage("on-approval", "qa"), stage("on-approval")])

    assert [one.stage for one in found if one.move] == moved
    assert found[-1].notes == (
        f"nothing moves here while the release records of {unheard} cannot be read",
    )


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ({3: REJECTED}, "3 is pinned and Rejected, and no approved version is there to go to"),
        ({2: PENDING}, "3 is pinned and unknown to the registry, and no approved"),
    ],
)
def test_a_rejected_pin_without_a_candidate_stays_and_is_a_problem(
    statuses: dict[int, str], said: str
) -> None:
    found = World(statuses=statuses).pin(3).looked_at()

    assert found.move is None
    assert found.problem is not None
    assert f"bike-demand in dev: {said}" in found.problem
    assert "remedy: approve a version with `mlops registry approve" in found.problem


def test_a_rollback_of_a_person_is_never_undone() -> None:
    world = World(statuses=approved(2, 3)).pin(2).pin(3, who="automation").pin(2)

    found = world.looked_at()

    assert found.move is None
    assert found.held == (
        "3 is approved and held: left by 2222222222 (Ada); pin it to let it in again",
    )


def test_a_version_newer_than_the_one_left_is_pinned() -> None:
    world = World(statuses=approved(2, 3, 4)).pin(3).pin(2)

    assert target(world) == 4
    assert world.looked_at().held == ()


def test_a_person_who_pins_a_held_version_lets_it_in_again() -> None:
    world = World(statuses=approved(2, 3, 4)).pin(4).pin(2).pin(3)

    assert target(world) is None
    assert "4 is approved and held" in world.looked_at().held[0]
    world.pin(4).pin(3, who="automation")
    assert target(world) == 4


def test_a_rejected_pin_goes_back_past_what_a_person_left() -> None:
    world = World(statuses={1: APPROVED, 2: REJECTED, 3: APPROVED}).pin(3).pin(2)

    found = world.looked_at()

    assert found.move == Move(model=MODEL, stage=STAGE, before=2, version=1)
    assert "3 is approved and held" in found.held[0]


def test_a_rejected_pin_with_nothing_but_held_versions_is_a_problem() -> None:
    found = World(statuses={2: REJECTED, 3: APPROVED}).pin(3).pin(2).looked_at()

    assert found.move is None
    assert found.problem is not None
    assert "3 is approved and held" in found.held[0]


def test_what_the_automation_left_is_pinned_again_once_it_is_approved_again() -> None:
    world = World(statuses={2: APPROVED, 3: REJECTED}).pin(3)
    world.swept()
    assert world.pinned == 2

    world.statuses[3] = APPROVED

    assert target(world) == 3


def test_a_model_that_a_person_took_out_stays_out_until_a_person_pins_it() -> None:
    world = World(statuses=approved(2, 3)).pin(2).pin(None)
    world.statuses[4] = APPROVED

    found = world.looked_at()

    assert found.move is None
    assert found.notes == ("taken out by 1111111111 (Ada); pin a version to let it in again",)
    world.pin(2)
    assert target(world) == 4


def test_each_stage_has_its_own_pin_and_holds() -> None:
    dev = World(statuses=approved(1, 2)).pin(2).pin(1)
    state = ModelState(
        model=MODEL,
        pins={"dev": 1, "prod": 1, "qa": 1},
        statuses=dev.statuses,
        history=dev.history,
    )
    stages = [stage("on-approval"), stage("on-approval", "prod"), stage("by-hand", "qa")]

    found = desired(state, stages)

    assert [(one.stage, one.move and one.move.version) for one in found] == [
        ("dev", None), ("prod", 2), ("qa", None),
    ]  # fmt: skip


VERSIONS = st.integers(min_value=1, max_value=6)
ACTS: st.SearchStrategy[Callable[[World], object]] = st.one_of(
    VERSIONS.map(lambda version: lambda world: world.pin(version)),
    st.just(lambda world: world.pin(None)),
    st.just(lambda world: world.swept()),
    st.tuples(VERSIONS, st.sampled_from([APPROVED, REJECTED, PENDING])).map(
        lambda decision: lambda world: world.statuses.update([decision])
    ),
    VERSIONS.map(lambda version: lambda world: world.statuses.pop(version, None)),
    st.tuples(VERSIONS, st.sampled_from([STAGE, "qa"])).map(
        lambda failed: lambda world: world.fails(*failed)
    ),
    VERSIONS.map(lambda version: lambda world: world.asked.add(version)),
)
WORLDS = st.lists(ACTS, max_size=25).map(lambda acts: lived(acts))  # noqa: PLW0108  # defined below


def lived(acts: list[Callable[[World], object]]) -> World:
    world = World()
    for act in acts:
        act(world)
    return world


def left_by_a_person(world: World, version: int) -> bool:
    """The rule in other words: somebody went below the version, and nobody came back up to it."""
    people = [change for change in world.history if not change.by_automation]
    last_up = max(
        (i for i, change in enumerate(people) if (change.version or 0) >= version), default=-1
    )
    return any((change.before or 0) >= version for change in people[last_up + 1 :])


@settings(max_examples=300)
@given(world=WORLDS)
def test_a_second_sweep_finds_nothing_to_do(world: World) -> None:
    world.swept()

    assert world.swept().move is None


@settings(max_examples=300)
@given(world=WORLDS)
def test_only_approved_versions_that_no_person_left_are_ever_pinned(world: World) -> None:
    move = world.looked_at().move

    if move is not None:
        assert move.version is not None
        assert world.statuses.get(move.version) == APPROVED
        assert not left_by_a_person(world, move.version)
        assert (move.version, STAGE) not in {(one.version, one.stage) for one in world.failures}
        assert move.before == world.pinned


@settings(max_examples=300)
@given(world=WORLDS)
def test_a_good_pin_never_moves_backwards(world: World) -> None:
    found = world.looked_at()

    is_good = world.statuses.get(world.pinned or 0) in (APPROVED, PENDING)
    failed = {one.version for one in world.failures if one.stage == STAGE}
    if found.move is not None and is_good and world.pinned not in failed:
        assert (found.move.version or 0) > (world.pinned or 0)


@settings(max_examples=300)
@given(world=WORLDS)
def test_every_rejected_pin_moves_or_is_told(world: World) -> None:
    found = world.swept()

    failed = {one.version for one in world.failures if one.stage == STAGE}
    is_bad = world.statuses.get(found.pinned or 0, REJECTED) == REJECTED or found.pinned in failed
    if found.pinned is not None and is_bad:
        assert (found.move is None) == (found.problem is not None)
    else:
        assert found.problem is None


@settings(max_examples=100)
@given(world=WORLDS, order=st.randoms(use_true_random=False))
def test_the_order_in_which_the_registry_lists_makes_no_difference(
    world: World, order: object
) -> None:
    found = world.looked_at()
    listed = list(world.statuses.items())
    order.shuffle(listed)  # type: ignore[attr-defined]  # hypothesis' own kind of Random

    world.statuses = dict(listed)

    assert world.looked_at() == found


def test_a_version_that_its_own_starter_approved_is_held_and_told() -> None:
    state = ModelState(
        model=MODEL,
        pins={STAGE: 3},
        statuses={3: APPROVED, 4: APPROVED, 5: APPROVED},
        history=(),
        own_approvals={5: "approved by alice, who started its training"},
    )

    (found,) = desired(state, [stage("on-approval")])

    assert found.move is not None
    assert found.move.version == 4
    (note,) = found.held
    assert note == (
        "5 is held: approved by alice, who started its training; remedy: let somebody else approve "
        "it with `mlops registry approve bike-demand 5 --reason <why>`"
    )


def test_a_pin_that_its_own_starter_approved_stays() -> None:
    state = ModelState(
        model=MODEL,
        pins={STAGE: 3},
        statuses={3: APPROVED},
        history=(),
        own_approvals={3: "approved by alice, who started its training"},
    )

    (found,) = desired(state, [stage("on-approval")])

    assert (found.move, found.held, found.problem) == (None, (), None)
