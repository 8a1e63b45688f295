from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organizations.types import OrganizationKind as Kind
from app.rules import logic
from app.rules.errors import CountsDisagree, KindNotCovered, LimitsRefused, NoLimits
from app.rules.queries import pack
from app.rules.types import (
    ADVISORY_PACK,
    OWNER_PACK,
    ApprovalLevel,
    Limits,
    Locale,
    Operator,
    Records,
    Setting,
    Severity,
    SubBranch,
    Unit,
    Verdict,
)

OWNER, ADVISORIES = pack(OWNER_PACK), pack(ADVISORY_PACK)
DAY = date(2019, 12, 31)
BRANCHES = (Kind.PARTY_BRANCH, Kind.JOINT_BRANCH)
NEVER = (
    Kind.DISTRICT_COMMITTEE,
    Kind.WORKING_COMMITTEE,
    Kind.PARTY_COMMITTEE,
    Kind.TEMPORARY_BRANCH,
    Kind.PARTY_GROUP,
)
counts = st.integers(0, 10_000)


def judge(unit: Unit, limits: Limits | None = None, day: date = DAY) -> Verdict:
    return logic.check(OWNER, ADVISORIES, limits, unit, day)


def notes(
    kind: Kind, members: int | None, locale: Locale | None = None, **more: object
) -> set[str]:
    return set(judge(Unit(kind, locale, members, **more)).advisories)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "members", "flag", "suggested"),
    [
        # 超过 and 不足 exclude the number
        (Kind.GENERAL_BRANCH, 101, "over_upper", "upgrade_to_committee"),
        (Kind.GENERAL_BRANCH, 100, None, None),
        (Kind.GENERAL_BRANCH, 20, None, None),
        (Kind.GENERAL_BRANCH, 19, "under_lower", "downgrade_to_branch"),
        (Kind.GENERAL_BRANCH, 0, "under_lower", "downgrade_to_branch"),
        (Kind.PARTY_BRANCH, 101, "over_upper", "upgrade_or_split"),
        (Kind.PARTY_BRANCH, 100, None, None),
        (Kind.PARTY_BRANCH, 20, None, None),
        (Kind.PARTY_BRANCH, 19, "under_lower", "review_merge_or_keep"),
        (Kind.JOINT_BRANCH, 101, "over_upper", "upgrade_or_split"),
        (Kind.JOINT_BRANCH, 100, None, None),
        (Kind.JOINT_BRANCH, 20, None, None),
        (Kind.JOINT_BRANCH, 19, "under_lower", "review_merge_or_keep"),
    ],
)
def test_owners_rule_on_both_sides(
    kind: Kind, members: int, flag: str | None, suggested: str | None
) -> None:
    verdict = judge(Unit(kind, Locale.COMMUNITY, members))
    assert (verdict.owner_flag, verdict.suggested) == (flag, suggested)


@given(st.sampled_from(NEVER), counts, st.sampled_from([None, *Locale]))
def test_owners_rule_never_flags_the_other_kinds(
    kind: Kind, members: int, locale: Locale | None
) -> None:
    assert judge(Unit(kind, locale, members)).owner_flag is None


def test_severity_is_low_only_for_branches_under_the_lower_limit() -> None:
    asked = logic.comparisons(OWNER, DAY)
    found = {
        (kind, members): [h.rule.severity for h in logic.hits(asked, Unit(kind, members=members))]
        for kind in (Kind.GENERAL_BRANCH, *BRANCHES)
        for members in (101, 19)
    }
    low = {key for key, severities in found.items() if severities == [Severity.LOW]}
    assert low == {(kind, 19) for kind in BRANCHES}
    assert all(s == [Severity.HIGH] for key, s in found.items() if key not in low)


@given(
    st.sampled_from(list(Kind)),
    counts,
    st.integers(-5, 300),
    st.integers(-5, 300),
    st.sampled_from([None, *Locale]),
)
def test_limits_decide_strictly_and_never_both(
    kind: Kind, members: int, upper: int, lower: int, locale: Locale | None
) -> None:
    verdict = judge(Unit(kind, locale, members), Limits(upper, lower))
    assert verdict.config_accepted is (0 <= lower < upper)
    flagged = {
        "over_upper": members > upper,
        "under_lower": members < lower,
    }
    asked = verdict.config_accepted and kind in (Kind.GENERAL_BRANCH, *BRANCHES)
    want = next((f for f, is_so in flagged.items() if is_so), None) if asked else None
    assert verdict.owner_flag == want
    assert (verdict.suggested is None) is (want is None)
    # advisories are the regulations' own: no limits change them
    assert verdict.advisories == judge(Unit(kind, locale, members)).advisories


@pytest.mark.parametrize(
    ("upper", "lower", "accepted"),
    [
        (100, 100, False),
        (100, 99, True),
        (20, 100, False),
        (100, -1, False),
        (1, 0, True),
        (0, 0, False),
        (-1, -2, False),
    ],
)
def test_upper_must_exceed_lower_and_neither_be_negative(
    upper: int, lower: int, accepted: bool
) -> None:
    verdict = judge(Unit(Kind.GENERAL_BRANCH, Locale.ORGAN, 5000), Limits(upper, lower))
    assert verdict.config_accepted is accepted
    assert (verdict.owner_flag is not None) is accepted
    assert ("config" in {r.rule for r in verdict.reasons}) is not accepted
    assert verdict.advisories == ("REG_COMMITTEE_AT_100",)


@pytest.mark.parametrize(
    ("upper_operator", "lower_operator", "members", "flag"),
    [
        (Operator.FROM, Operator.UNDER, 100, "over_upper"),
        (Operator.FROM, Operator.UNDER, 99, None),
        (Operator.OVER, Operator.UP_TO, 20, "under_lower"),
        (Operator.OVER, Operator.UP_TO, 21, None),
    ],
)
def test_operators_may_include_the_number(
    upper_operator: Operator, lower_operator: Operator, members: int, flag: str | None
) -> None:
    limits = Limits(100, 20, upper_operator, lower_operator)
    assert judge(Unit(Kind.GENERAL_BRANCH, None, members), limits).owner_flag == flag


def test_dissolved_and_unknown_units_meet_no_rule() -> None:
    gone = judge(Unit(Kind.GENERAL_BRANCH, Locale.ORGAN, 3, is_dissolved=True))
    assert (gone.owner_flag, gone.advisories, gone.members) == (None, (), 3)
    assert [r.rule for r in gone.reasons] == ["dissolved"]
    for unknown in (Unit(), Unit(Kind.GENERAL_BRANCH), Unit(members=3)):
        assert judge(unknown).reasons == ()


@pytest.mark.parametrize(
    ("locale", "members", "due"),
    [
        (Locale.ORGAN, 100, True),
        (Locale.ORGAN, 99, False),
        (Locale.ORGAN, 137, True),
        (Locale.ENTERPRISE, 100, True),
        (Locale.ENTERPRISE, 99, False),
        (Locale.VILLAGE, 100, False),
        (Locale.COMMUNITY, 100, False),
        (Locale.SCHOOL, 100, False),
        (None, 100, False),
    ],
)
def test_committee_is_due_at_100(locale: Locale | None, members: int, due: bool) -> None:
    """机关条例第五条: 100人以上(含本数)的设立 · 国企条例第四条 · 村: 可以, not 应当."""
    assert ("REG_COMMITTEE_AT_100" in notes(Kind.GENERAL_BRANCH, members, locale)) is due
    assert "REG_COMMITTEE_AT_100" not in notes(Kind.PARTY_BRANCH, members, locale)
    assert "REG_COMMITTEE_AT_100" not in notes(Kind.PARTY_COMMITTEE, members, locale)


@pytest.mark.parametrize("locale", [None, *Locale])
def test_small_committee_asks_for_its_approval(locale: Locale | None) -> None:
    """机关条例第五条: 不足100人的, 经上级党组织批准, 也可以设立; a township always has one."""
    asked = locale in (Locale.ORGAN, Locale.ENTERPRISE, Locale.VILLAGE)
    code = {"REG_COMMITTEE_UNDER_100"}
    assert notes(Kind.PARTY_COMMITTEE, 99, locale) == (code if asked else set())
    assert notes(Kind.PARTY_COMMITTEE, 100, locale) == set()
    assert notes(Kind.PARTY_COMMITTEE, 99, locale, is_approved_small=True) == set()
    assert notes(Kind.WORKING_COMMITTEE, 99, locale) == set()


@pytest.mark.parametrize("locale", [None, *Locale])
def test_small_general_branch_asks_for_its_approval(locale: Locale | None) -> None:
    """机关条例第六条: 不足50人的, 经上级党组织批准, 也可以设立."""
    asked = locale in (Locale.ORGAN, Locale.ENTERPRISE, Locale.VILLAGE)
    code = {"REG_GB_UNDER_50"}
    assert notes(Kind.GENERAL_BRANCH, 49, locale) == (code if asked else set())
    assert notes(Kind.GENERAL_BRANCH, 50, locale) == set()
    assert notes(Kind.GENERAL_BRANCH, 49, locale, is_approved_small=True) == set()


@pytest.mark.parametrize("kind", BRANCHES)
@pytest.mark.parametrize("locale", [None, *Locale])
def test_branch_is_capped_at_50(kind: Kind, locale: Locale | None) -> None:
    """支部工作条例第四条: 党支部党员人数一般不超过50人."""
    assert notes(kind, 51, locale) == notes(kind, 100, locale) == {"REG_BRANCH_OVER_50"}
    assert notes(kind, 50, locale) == set()
    assert notes(Kind.TEMPORARY_BRANCH, 51, locale) == set()


def test_branch_needs_three_full_members() -> None:
    """支部工作条例第五条: 正式党员不足3人的单位, 应当成立联合党支部."""
    assert notes(Kind.PARTY_BRANCH, 6, full_members=2) == {"REG_BRANCH_UNDER_3_FULL"}
    assert notes(Kind.PARTY_BRANCH, 6, full_members=3) == set()
    assert notes(Kind.PARTY_BRANCH, 6) == set()  # not known
    assert notes(Kind.JOINT_BRANCH, 6, full_members=2) == set()
    assert notes(Kind.TEMPORARY_BRANCH, 6, full_members=2) == set()


def test_joint_branch_covers_five_units() -> None:
    """支部工作条例第五条: 联合党支部覆盖单位一般不超过5个."""
    assert notes(Kind.JOINT_BRANCH, 30, units_covered=6) == {"REG_JOINT_OVER_5_UNITS"}
    assert notes(Kind.JOINT_BRANCH, 30, units_covered=5) == set()
    assert notes(Kind.JOINT_BRANCH, 30) == set()
    assert notes(Kind.PARTY_BRANCH, 30, units_covered=6) == set()


def test_a_village_needs_the_countys_approval_to_rise() -> None:
    """农村条例第五条: 经县级地方党委批准."""
    county = ApprovalLevel.COUNTY_PARTY_COMMITTEE
    for kind in (Kind.GENERAL_BRANCH, *BRANCHES):
        assert judge(Unit(kind, Locale.VILLAGE, 120)).approval_level is county
        assert judge(Unit(kind, Locale.VILLAGE, 19)).approval_level is None
        assert judge(Unit(kind, Locale.ORGAN, 120)).approval_level is None
    assert judge(Unit(Kind.GENERAL_BRANCH, Locale.VILLAGE, 100)).approval_level is None


def test_a_regulation_applies_from_its_day_on() -> None:
    unit = Unit(Kind.GENERAL_BRANCH, Locale.ORGAN, 30)
    assert judge(unit, day=date(2019, 12, 26)).advisories == ()
    assert judge(unit, day=date(2019, 12, 27)).advisories == ("REG_GB_UNDER_50",)
    branch = Unit(Kind.PARTY_BRANCH, None, 51)
    assert judge(branch, day=date(2018, 10, 27)).advisories == ()
    assert judge(branch, day=date(2018, 10, 28)).advisories == ("REG_BRANCH_OVER_50",)


def test_reasons_name_pack_version_rule_and_source() -> None:
    verdict = judge(Unit(Kind.GENERAL_BRANCH, Locale.ORGAN, 19))
    assert [(r.rule, r.pack, r.version) for r in verdict.reasons] == [
        ("under_lower", OWNER.name, OWNER.version),
        ("REG_GB_UNDER_50", ADVISORIES.name, ADVISORIES.version),
    ]
    assert verdict.reasons[1].source.endswith("(2019)第六条")
    assert "19" in verdict.reasons[0].message.zh
    assert "< 20" in verdict.reasons[0].message.en


RECORDS = Records(
    active_full=60,
    active_probationary=4,
    mobile_out_relation_kept=3,
    transfer_out_pending=2,
    transferred_out_accepted=50,
    membership_suspended=40,
    deceased=30,
    expelled=20,
)


def test_the_relation_decides_who_counts() -> None:
    assert logic.count(None, None, None, RECORDS) == (69, 65)
    assert logic.count(69, None, None, RECORDS) == (69, 65)
    assert logic.count(None, 61, None, RECORDS) == (69, 61)


def test_sub_branches_are_rolled_up_once() -> None:
    children = [SubBranch(38, 2), SubBranch(33, 2), SubBranch(25, 2)]
    assert logic.count(None, None, children, None) == (102, 96)
    assert logic.count(110, None, children, None) == (110, 104)  # eight directly above them
    assert logic.count(None, None, children, RECORDS) == (171, 161)
    assert logic.count(None, None, [], None) == (0, 0)
    assert logic.count(None, 2, None, None) == (None, 2)
    assert logic.count(6, None, None, None) == (6, 6)
    assert logic.count(None, None, None, None) == (None, None)


def test_counts_that_disagree_are_refused() -> None:
    with pytest.raises(CountsDisagree):
        logic.count(101, None, [SubBranch(100, 2)], None)
    for wrong in (68, 70):
        with pytest.raises(CountsDisagree):
            logic.count(wrong, None, None, RECORDS)
    with pytest.raises(CountsDisagree):
        logic.count(6, 7, None, None)
    with pytest.raises(CountsDisagree):
        logic.count(None, 66, None, RECORDS)


@given(
    st.lists(st.tuples(counts, counts).map(lambda c: SubBranch(*c)), max_size=8),
    st.builds(Records, *[counts] * 8),
)
def test_counting_is_additive_and_order_does_not_matter(
    children: list[SubBranch], records: Records
) -> None:
    total, most = logic.count(None, None, children, records)
    again, _ = logic.count(total, None, list(reversed(children)), records)
    own, own_most = logic.count(None, None, None, records)
    below, below_most = logic.count(None, None, children, None)
    assert again == total == own + below  # type: ignore[operator]
    assert most == own_most + below_most  # type: ignore[operator]
    assert 0 <= most <= total  # type: ignore[operator]


def test_settings_narrow_move_and_switch_off() -> None:
    assert logic.effective(OWNER, None) == OWNER
    assert logic.effective(ADVISORIES, None) is None
    assert logic.effective(ADVISORIES, Setting(is_enabled=True)) == ADVISORIES
    assert logic.effective(OWNER, Setting(is_enabled=False)) is None
    only = frozenset({Kind.GENERAL_BRANCH})
    chosen = logic.effective(OWNER, Setting(True, upper=80, applies_to=only))
    assert chosen is not None
    assert chosen.limits == Limits(80, 20)
    asked = logic.comparisons(chosen, DAY)
    assert {(kind, c.threshold) for c in asked for kind in c.kinds} == {
        (Kind.GENERAL_BRANCH, 80),
        (Kind.GENERAL_BRANCH, 20),
    }


def test_settings_that_cannot_stand_are_refused() -> None:
    for limits in ({"upper": 20}, {"lower": 100}, {"upper": 50, "lower": 50}, {"lower": -1}):
        with pytest.raises(LimitsRefused):
            logic.check_setting(OWNER, Setting(True, **limits))  # type: ignore[arg-type]
    logic.check_setting(OWNER, Setting(True, upper=21))
    with pytest.raises(NoLimits):
        logic.check_setting(ADVISORIES, Setting(True, upper=200))
    for kind in NEVER:
        with pytest.raises(KindNotCovered):
            logic.check_setting(OWNER, Setting(True, applies_to=frozenset({kind})))
    logic.check_setting(ADVISORIES, Setting(True, applies_to=frozenset({Kind.PARTY_COMMITTEE})))
