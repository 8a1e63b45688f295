import re

import pytest

from app.core.errors import NotFound
from app.organizations.types import Sector
from app.rules.queries import pack, packs, rule_codes
from app.rules.types import ADVISORY_PACK, LOCALES, OWNER_PACK, Locale, Operator, OwnerFlag

CODES = {
    "REG_COMMITTEE_AT_100",
    "REG_COMMITTEE_UNDER_100",
    "REG_GB_UNDER_50",
    "REG_BRANCH_OVER_50",
    "REG_BRANCH_UNDER_3_FULL",
    "REG_JOINT_OVER_5_UNITS",
}


def test_two_packs_are_shipped_and_one_is_on() -> None:
    assert set(packs()) == {OWNER_PACK, ADVISORY_PACK}
    assert [p.name for p in packs().values() if p.is_enabled_by_default] == [OWNER_PACK]
    assert rule_codes() == CODES | set(OwnerFlag)
    with pytest.raises(NotFound):
        pack("no_such_pack")


def test_owners_limits() -> None:
    limits = pack(OWNER_PACK).limits
    assert limits is not None
    assert (limits.upper, limits.lower) == (100, 20)
    assert (limits.upper_operator, limits.lower_operator) == (Operator.OVER, Operator.UNDER)


def test_every_rule_is_complete() -> None:
    for shipped in packs().values():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", shipped.name)
        for rule in shipped.rules:
            assert (rule.bound is None) is (rule.threshold is not None), rule.code
            assert (rule.bound is None) is (rule.operator is not None), rule.code
            assert rule.bound is None or shipped.limits, rule.code
            assert rule.kinds, rule.code
            for text in (rule.message.zh, rule.message.en):
                assert text.format(count=7, threshold=5, operator=">")
            assert rule.source.document.strip()
            assert rule.source.article.strip()
            assert rule.source.text.strip()
            if shipped.name == ADVISORY_PACK:  # each regulation has a day from which it holds
                assert rule.valid_from is not None, rule.code
                assert rule.source.document.startswith("《"), rule.code


def test_no_rule_stands_twice_for_a_unit() -> None:
    for shipped in packs().values():
        seen = [
            (rule.code, kind, locale)
            for rule in shipped.rules
            for kind in rule.kinds
            for locale in rule.locales or Locale
        ]
        assert len(seen) == len(set(seen)), shipped.name


def test_sectors_without_numbers_have_no_locale() -> None:
    assert Sector.PRIVATE_ENTERPRISE not in LOCALES
    assert LOCALES[Sector.STATE_ENTERPRISE] is Locale.ENTERPRISE
    assert LOCALES[Sector.AGENCY] is Locale.ORGAN
