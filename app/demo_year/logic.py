"""Drawing the year from a seed: the same on every call. Pure: bodies and people in, facts out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

from app.demo_roster.types import Person
from app.demo_year.types import Body, Claim, Post, Promise, Served

LAST_DAY = date(2019, 12, 31)
ORGANIZATIONS_PROMISED, ORGANIZATIONS_DONE = 297, 256
MEMBERS_PROMISED, MEMBERS_DONE = 2830, 2154
CLAIMED, PERSON_TIMES = 910, 2132
_SEED = 2019
_DUE = (date(2019, 6, 30), date(2019, 9, 30), date(2019, 11, 30), date(2019, 12, 31))
_PUBLISHED = date(2019, 2, 18), date(2019, 4, 12)
_WAITING = 0.3
"""The share of what is not confirmed that is done and waits for the unit above."""
_DRAFTS, _WITHDRAWN = 9, 6


def _random(purpose: str) -> Random:
    return Random(f"{_SEED} {purpose}")  # noqa: S311 - made-up facts, no secrets


def _soon(rng: Random, day: date) -> date:
    """Draw a day within two weeks after `day`."""
    return _between(rng, day + timedelta(days=1), min(day + timedelta(days=14), LAST_DAY))


def _between(rng: Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))


# ── Pledges

_LIVELIHOOD, _SERVICE = "livelihood", "services"
_BUILDING, _DEVELOPMENT = "party_building", "development"
_OF_BODIES = {
    "社区": (
        ("为辖区80岁以上老人上门办理高龄津贴认证", _SERVICE),
        ("更换楼道破损照明灯{n}盏", _LIVELIHOOD),
        ("组织小区环境卫生集中清理{n}次", _LIVELIHOOD),
        ("开办居民学堂{n}期", _SERVICE),
        ("协调解决老旧小区停车难问题", _LIVELIHOOD),
        ("走访困难家庭{n}户", _SERVICE),
    ),
    "村": (
        ("修整村内田间路{n}公里", _DEVELOPMENT),
        ("清理村屯边沟{n}处", _LIVELIHOOD),
        ("为村民举办农业技术讲座{n}次", _DEVELOPMENT),
        ("帮助困难户春耕备耕{n}户", _SERVICE),
        ("完善村务公开栏并按月更新", _BUILDING),
    ),
    "机关": (
        ("压缩群众办事材料{n}项", _SERVICE),
        ("窗口实行延时服务", _SERVICE),
        ("到联系社区开展政策宣讲{n}次", _BUILDING),
        ("结对帮扶困难家庭{n}户", _LIVELIHOOD),
        ("建立党员先锋岗{n}个", _BUILDING),
    ),
    "两新": (
        ("招用本区下岗人员{n}人", _DEVELOPMENT),
        ("面向社区老人开展公益活动{n}次", _SERVICE),
        ("设立党员示范岗{n}个", _BUILDING),
        ("开展安全生产自查{n}次", _DEVELOPMENT),
    ),
}
_OF_MEMBERS = (
    ("结对看望独居老人，每月{n}次", _SERVICE),
    ("参加社区义务清扫{n}次", _LIVELIHOOD),
    ("辅导社区儿童课业{n}次", _SERVICE),
    ("宣讲党的政策{n}次", _BUILDING),
    ("帮助邻居维修家电{n}件", _SERVICE),
    ("参加治安巡逻{n}次", _LIVELIHOOD),
    ("为本支部党员讲微党课{n}次", _BUILDING),
    ("捐赠图书{n}册", _LIVELIHOOD),
    ("提出合理化建议{n}条", _DEVELOPMENT),
)
_POOL = {"community": 3, "grid": 1, "village": 2, "township": 3, "organ": 2}


def _field(sector: str) -> str:
    """Name the group of titles that fits a sector."""
    if sector == "community":
        return "社区"
    if sector in {"village", "township"}:
        return "村"
    return "机关" if sector in {"agency", "public_institution", "state_enterprise"} else "两新"


def _pool(bodies: Sequence[Body]) -> Iterator[Body]:
    """Give each body as often as it may pledge; streets' and sectors' committees guide others."""
    for body in bodies:
        if body.kind in {"district_committee", "working_committee", "party_group"}:
            continue
        key = "grid" if body.is_grid else body.sector
        yield from [body] * _POOL.get("organ" if _field(body.sector) == "机关" else key, 0)


def organization_promises(bodies: Sequence[Body]) -> list[Promise]:
    """Draw what organisations pledged; `ORGANIZATIONS_PROMISED` of it count."""
    rng = _random("organizations")
    drawn = rng.sample(list(_pool(bodies)), ORGANIZATIONS_PROMISED + _DRAFTS + _WITHDRAWN)
    made = []
    for body in drawn:
        title, category = rng.choice(_OF_BODIES[_field(body.sector)])
        text = title.format(n=rng.choice((2, 3, 4, 5, 6, 8, 10, 12)))
        made.append(_promise(rng, body.id, None, text, category, *_PUBLISHED))
    return _settled(rng, made, ORGANIZATIONS_PROMISED, ORGANIZATIONS_DONE)


def member_promises(people: Sequence[Person]) -> list[Promise]:
    """Draw what members pledged: most one item, some two."""
    rng = _random("members")
    can = [p for p in people if p.joined_on < _PUBLISHED[0] and _age(p, LAST_DAY) <= _OLDEST]
    total = MEMBERS_PROMISED + _DRAFTS + _WITHDRAWN
    first = rng.sample(can, total * 5 // 6)
    again = rng.sample(first, total - len(first))
    made = []
    for person in [*first, *again]:
        title, category = rng.choice(_OF_MEMBERS)
        text = title.format(n=rng.choice((1, 2, 3, 4, 5, 6)))
        made.append(_promise(rng, person.organization_id, person.id, text, category, *_PUBLISHED))
    return _settled(rng, made, MEMBERS_PROMISED, MEMBERS_DONE)


_OLDEST = 80


def _age(person: Person, day: date) -> int:
    born = person.born_on
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _promise(
    rng: Random,
    organization_id: UUID,
    member_id: UUID | None,
    title: str,
    category: str,
    first: date,
    last: date,
) -> Promise:
    published = _between(rng, first, last)
    return Promise(organization_id, member_id, title, category, rng.choice(_DUE), published)


def _settled(rng: Random, made: list[Promise], promised: int, done: int) -> list[Promise]:
    """Let `done` of `promised` be confirmed; some wait, some are open, the rest never counted."""
    settled = []
    for index, promise in enumerate(made):
        assert promise.published_on is not None
        began = promise.published_on + timedelta(days=20)
        if index < done:
            late = timedelta(days=rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 12, 20)))
            latest = min(promise.due_on + late, LAST_DAY - timedelta(days=4))
            completed = _between(rng, began, latest)
            confirmed = _between(
                rng, completed + timedelta(days=1), min(completed + timedelta(15), LAST_DAY)
            )
            settled.append(replace(promise, completed_on=completed, confirmed_on=confirmed))
        elif index < promised:
            waiting = _between(rng, LAST_DAY - timedelta(days=12), LAST_DAY)
            is_waiting = rng.random() < _WAITING
            settled.append(replace(promise, completed_on=waiting if is_waiting else None))
        elif index < promised + _WITHDRAWN:
            settled.append(replace(promise, withdrawn_on=_between(rng, began, LAST_DAY)))
        else:
            settled.append(replace(promise, published_on=None))
    return settled


# ── Service in communities

_POSTS = (
    ("政策宣传岗", "policy"),
    ("治安巡逻岗", "safety"),
    ("环境卫生岗", "environment"),
    ("矛盾调解岗", "mediation"),
    ("助老助残岗", "care"),
    ("课业辅导岗", "culture"),
    ("文体活动岗", "culture"),
    ("便民维修岗", "professional"),
)
_WORK = {
    "政策宣传岗": "入户讲解惠民政策",
    "治安巡逻岗": "参加小区夜间巡逻",
    "环境卫生岗": "清理楼道和院内杂物",
    "矛盾调解岗": "参与邻里纠纷调解",
    "助老助残岗": "看望独居老人并代购物品",
    "课业辅导岗": "辅导社区儿童课业",
    "文体活动岗": "组织居民文体活动",
    "便民维修岗": "上门维修水电和小家电",
}
_INDOORS = {"课业辅导岗", "文体活动岗"}
_BY_CONSENT = {"课业辅导岗", "矛盾调解岗"}
_IN_SERVICE = {"agency", "public_institution", "state_enterprise"}
_RETIRED_FROM = 60
_EXITED, _PENDING = 57, 24
_SERVED_SHARE = 0.78
_UNCONFIRMED, _MOST_AT_ONCE = 43, 12
_MINUTES = (60, 90, 120, 120, 180)


def posts(bodies: Sequence[Body]) -> list[Post]:
    """Draw the posts of every community: each of the eight kinds once."""
    rng = _random("posts")
    communities = [b for b in bodies if b.sector == "community" and not b.is_grid]
    made = []
    for body in communities:
        for title, category in _POSTS:
            opened = _between(rng, date(2019, 3, 4), date(2019, 4, 30))
            place = "社区居民活动室" if title in _INDOORS else "辖区各小区"
            made.append(
                Post(
                    body.id,
                    title,
                    category,
                    place,
                    rng.randint(5, 8),
                    title in _BY_CONSENT,
                    opened,
                    LAST_DAY,
                )
            )
    return made


def claims(made: Sequence[Post], people: Sequence[Person]) -> list[Claim]:
    """Draw who claimed which post: `CLAIMED` stand, some left, some wait to be accepted."""
    rng = _random("claims")
    can = [p for p in people if p.sector in _IN_SERVICE and _age(p, LAST_DAY) < _RETIRED_FROM]
    left = [post.capacity for post in made]
    taken: set[tuple[int, UUID]] = set()
    drawn: list[Claim] = []
    while len(drawn) < CLAIMED + _EXITED + _PENDING:
        index, person = rng.randrange(len(made)), rng.choice(can)
        if not left[index] or (index, person.id) in taken:
            continue
        post, number = made[index], len(drawn)
        taken.add((index, person.id))
        first = max(post.starts_on, person.joined_on)
        claimed = _between(rng, first, max(first, date(2019, 10, 31)))
        if number < CLAIMED + _EXITED:
            accepted = claimed + timedelta(days=rng.randint(1, 5) if post.needs_acceptance else 0)
            claim = Claim(index, person.id, claimed, min(accepted, LAST_DAY))
            if number >= CLAIMED:
                gone = _between(rng, accepted + timedelta(days=10), LAST_DAY)
                claim = replace(claim, exited_on=gone)
            else:
                left[index] -= 1
        elif post.needs_acceptance:
            claim = Claim(index, person.id, _between(rng, date(2019, 12, 20), LAST_DAY), None)
            left[index] -= 1
        else:
            continue
        drawn.append(claim)
    return drawn


def records(made: Sequence[Post], claimed: Sequence[Claim]) -> list[Served]:
    """Draw what was done on the claims; the confirmed ones served `PERSON_TIMES` in all."""
    rng = _random("records")
    standing = [i for i, c in enumerate(claimed) if c.accepted_on and c.exited_on is None]
    chosen = sorted(rng.sample(standing, int(len(standing) * _SERVED_SHARE)))
    counts = [rng.choice((1, 1, 2, 2, 3, 4)) for _ in chosen]
    while (missing := PERSON_TIMES - sum(counts)) != 0:
        place = rng.randrange(len(counts))
        step = 1 if missing > 0 else -1
        if 1 <= counts[place] + step <= _MOST_AT_ONCE:
            counts[place] += step
    drawn = []
    for index, count in zip(chosen, counts, strict=True):
        claim = claimed[index]
        assert claim.accepted_on is not None
        served = _between(rng, claim.accepted_on, LAST_DAY - timedelta(days=2))
        content = _WORK[made[claim.post].title]
        minutes = rng.choice(_MINUTES)
        drawn.append(Served(index, served, minutes, count, content, _soon(rng, served)))
    for index in rng.sample(standing, _UNCONFIRMED):
        claim = claimed[index]
        assert claim.accepted_on is not None
        served = _between(rng, max(claim.accepted_on, date(2019, 12, 1)), LAST_DAY)
        content = _WORK[made[claim.post].title]
        minutes = rng.choice(_MINUTES)
        drawn.append(Served(index, served, minutes, rng.randint(1, 5), content, None))
    return drawn
