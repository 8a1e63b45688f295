"""Writing appraisals and rectifications: many rows a statement, under every constraint."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.appraisals import logic as appraisals
from app.appraisals.models import (
    AppraisalCycle,
    AppraisalScore,
    DutyShift,
    HouseholdCount,
    HouseholdVisit,
    SpotCheck,
    SpotCheckPerson,
    Talk,
)
from app.core import audit
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_appraisals import logic
from app.members.models import Member, Membership
from app.organizations.models import OrganizationState as State
from app.organizations.queries import ROOT_PATH
from app.organizations.types import OrganizationKind, Sector
from app.rectifications.logic import title_key
from app.rectifications.models import (
    BurdenItem,
    CaseGuarantor,
    CaseMeasure,
    MeasureProgress,
    RectificationCase,
)
from app.rectifications.types import GuarantorLevel

Facts = list[dict[str, Any]]


async def fill(session: AsyncSession, district_code: str, clerk: UUID, department: UUID) -> None:
    """Write the year's checks, visits, appraisals, talks, cases and cancelled tasks.

    `clerk` recorded them and reported cases, `department` accepted: two accounts.
    """
    root = await session.scalar(
        select(State.organization_id).where(
            State.district_code == district_code, State.path == ROOT_PATH, _today()
        )
    )
    assert root is not None
    cadres = await _cadres(session, district_code)
    made: dict[Any, Facts] = defaultdict(list)
    _checks(made, root, [m for people in cadres.values() for m in people], clerk)
    _visits(made, cadres, clerk)
    villages = await _places(session, district_code, Sector.VILLAGE)
    _duty(made, villages, clerk, department)
    _quarters(made, root, await _places(session, district_code, Sector.AGENCY), clerk)
    _cases(made, villages, clerk, department)
    _tasks(made, department)
    for table, rows in made.items():
        keyed = [{"district_code": district_code} | row for row in rows]
        await session.execute(insert(table), keyed)
    audit.record(session, district_code, after={t.__tablename__: len(r) for t, r in made.items()})


def _today() -> Any:
    return on_day(State, logic.LAST_DAY)


async def _places(session: AsyncSession, code: str, sector: Sector) -> list[tuple[UUID, str]]:
    kinds = (OrganizationKind.GENERAL_BRANCH, OrganizationKind.PARTY_BRANCH)
    rows = select(State.organization_id, State.name).where(
        State.district_code == code, State.sector == sector, State.kind.in_(kinds), _today()
    )
    return [(r[0], r[1]) for r in await session.execute(rows.order_by(State.path))]


async def _cadres(session: AsyncSession, code: str) -> dict[UUID, list[UUID]]:
    """Give of each community the members who are taken for its cadres, in a fixed order."""
    rows = (
        select(State.path, State.organization_id, State.parent_id, State.is_grid, Member.id)
        .join(
            Membership,
            (Membership.district_code == State.district_code)
            & (Membership.organization_id == State.organization_id)
            & on_day(Membership, logic.LAST_DAY),
        )
        .join(
            Member,
            (Member.district_code == State.district_code) & (Member.id == Membership.member_id),
        )
        .where(State.district_code == code, State.sector == Sector.COMMUNITY, _today())
        .order_by(State.path, Member.name_key, Member.id_number_masked, Member.born_on)
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await session.execute(rows):
        community = row.parent_id if row.is_grid else row.organization_id
        if len(found[community]) < logic.OF_A_COMMUNITY:
            found[community].append(row.id)
    return found


def _checks(made: Mapping[Any, Facts], root: UUID, pool: Sequence[UUID], clerk: UUID) -> None:
    chance = logic.rng("answers")
    pool = sorted(pool)
    digest = appraisals.pool_digest(pool)
    for seed, day in logic.weeks():
        check = {
            "id": new_id(),
            "organization_id": root,
            "seed": seed,
            "published_on": day - timedelta(days=1),
            "pool": pool,
            "pool_digest": digest,
            "size": logic.PICKED,
            "status": "checked",
            "drawn_on": day,
            "checked_on": day,
            "recorded_by": clerk,
        }
        made[SpotCheck].append(check)
        for place, one in enumerate(appraisals.draw(seed, pool, logic.PICKED), 1):
            is_at_work, asked, correct = logic.answers(chance)
            made[SpotCheckPerson].append(
                {
                    "id": new_id(),
                    "check_id": check["id"],
                    "member_id": one,
                    "place": place,
                    "is_at_work": is_at_work,
                    "asked": asked,
                    "correct": correct,
                }
            )


def _visits(made: Mapping[Any, Facts], cadres: Mapping[UUID, Sequence[UUID]], clerk: UUID) -> None:
    chance = logic.rng("visits")
    for community, people in cadres.items():
        households = chance.randint(90, 140)
        own = {"organization_id": community, "recorded_by": clerk}
        count = {"id": new_id(), "counted_on": date(2019, 1, 10), "households": households}
        made[HouseholdCount].append(own | count)
        for number in range(1, households + 1):
            if chance.random() < 0.86:  # noqa: PLR2004 - the share that was visited
                day = date(2019, 2, 11) + timedelta(days=chance.randint(0, 310))
                visit: dict[str, Any] = {"id": new_id()}
                visit["member_id"] = people[number % len(people)]
                visit |= {"household": f"{number:04}", "visited_on": day}
                made[HouseholdVisit].append(own | visit)


def _duty(
    made: Mapping[Any, Facts], villages: Sequence[tuple[UUID, str]], clerk: UUID, department: UUID
) -> None:
    for place, (village, _) in enumerate(villages):
        for month in range(1, 13):
            shift = {"id": new_id(), "organization_id": village, "cadre": "村党组织书记"}
            shift |= {"duty_on": date(2019, month, 8 + place % 14), "recorded_by": clerk}
            shift |= {"is_present": True, "checked_by": department}
            made[DutyShift].append(shift)
    for (held_on, cadre, reason, failed), (village, _) in zip(logic.TALKS, villages, strict=False):
        talk = {"id": new_id(), "organization_id": village, "cadre": cadre, "held_on": held_on}
        talk |= {"talked_by": "区委组织部副部长", "reason": reason, "recorded_by": clerk}
        talk["shift_id"] = None
        if failed:
            missed = {"id": new_id(), "organization_id": village, "cadre": cadre}
            missed |= {"duty_on": held_on - timedelta(days=5), "recorded_by": clerk}
            made[DutyShift].append(missed | {"is_present": False, "checked_by": department})
            talk["shift_id"] = missed["id"]
        made[Talk].append(talk)


def _quarters(
    made: Mapping[Any, Facts], root: UUID, agencies: Sequence[tuple[UUID, str]], clerk: UUID
) -> None:
    chance = logic.rng("scores")
    weights = [weight for _, weight in logic.ITEMS]
    items = [{"title": title, "weight": weight} for title, weight in logic.ITEMS]
    for quarter, opened_on, published_on in logic.QUARTERS:
        cycle = {"id": new_id(), "organization_id": root, "year": 2019, "quarter": quarter}
        cycle |= {"items": items, "status": "published", "opened_on": opened_on}
        made[AppraisalCycle].append(cycle | {"published_on": published_on, "recorded_by": clerk})
        for agency, _ in agencies:
            scores = logic.scores(chance)
            score = {"id": new_id(), "cycle_id": cycle["id"], "organization_id": agency}
            score |= {"scores": scores, "total": appraisals.total(weights, scores)}
            made[AppraisalScore].append(score | {"recorded_by": clerk})


def _cases(
    made: Mapping[Any, Facts], villages: Sequence[tuple[UUID, str]], clerk: UUID, department: UUID
) -> None:
    leaders = {
        GuarantorLevel.COUNTY: ("区委常委", ("王立群", "周建国", "孙志远", "赵明辉", "陈晓东")),
        GuarantorLevel.TOWNSHIP: (
            "乡镇党委书记",
            ("高振海", "韩永福", "高振海", "韩永福", "韩永福"),
        ),
        GuarantorLevel.VILLAGE: (
            "驻村第一书记",
            ("刘长青", "马春生", "于海波", "宋德林", "郭胜利"),
        ),
    }
    for place, (opened_on, criteria, reason, percent, closed_on) in enumerate(logic.CASES):
        case = {"id": new_id(), "organization_id": villages[3 + place * 3][0], "reason": reason}
        case |= {"criteria": list(criteria), "opened_on": opened_on, "opened_by": clerk}
        case["status"] = "open" if closed_on is None else "accepted"
        done = closed_on is not None
        case["reported_on"] = closed_on - timedelta(days=6) if closed_on else None
        case["closed_on"] = closed_on
        case["document"] = f"西组发〔2019〕{30 + place}号" if done else None
        case["reported_by"] = clerk if done else None
        case["accepted_by"] = department if done else None
        made[RectificationCase].append(case)
        for level, (post, names) in leaders.items():
            guarantor = {"id": new_id(), "case_id": case["id"], "level": level}
            made[CaseGuarantor].append(guarantor | {"name": names[place], "post": post})
        for number, title in enumerate(logic.MEASURES):
            measure = {"id": new_id(), "case_id": case["id"], "title": title}
            made[CaseMeasure].append(measure | {"due_on": date(2019, 10, 31)})
            noted = {"id": new_id(), "measure_id": measure["id"], "account_id": clerk}
            noted |= {"noted_on": opened_on + timedelta(days=60 + 30 * number)}
            made[MeasureProgress].append(noted | {"percent": percent, "note": "按计划推进"})


def _tasks(made: Mapping[Any, Facts], department: UUID) -> None:
    for title, source, listed_on in logic.tasks():
        task = {"id": new_id(), "title": title, "title_key": title_key(title), "source": source}
        task |= {"listed_on": listed_on, "state": "cancelled", "cancelled_on": date(2019, 4, 15)}
        made[BurdenItem].append(
            task | {"document": "西办发〔2019〕12号", "recorded_by": department}
        )
