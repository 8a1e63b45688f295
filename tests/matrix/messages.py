"""Rows of messages, and of what WeChat may bring."""

from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.models import Message, WeChatNotice
from app.messages.types import MessageKind, NoticeStatus
from tests.make.messages import TEMPLATE, make_message
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, in_order, row
from tests.matrix.others import first_of
from tests.matrix.rights import FAR, HOME, NEAR, Who
from tests.matrix.world import Ids


@dataclass(frozen=True)
class Told:
    """A message of the world."""

    who: str
    district: str = HOME
    kind: MessageKind = MessageKind.ELECTION
    is_read: bool = False


TOLD = {
    "told_department": Told("department"),
    "told_read": Told("department", kind=MessageKind.TRANSFER, is_read=True),
    "told_stray": Told("department", FAR),  # nothing to do there any more
    "told_clerk": Told("clerk"),
    "told_near": Told("prefecture_reader", NEAR),
    "told_here": Told("prefecture_reader"),
    "told_member": Told("member"),
}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Tell some callers something; what of it goes through WeChat is theirs as well."""
    for key, told in TOLD.items():
        account = UUID(ids.accounts[told.who])
        made = await make_message(session, account, told.kind, district_code=told.district)
        ids.things[key] = str(made)
        if told.is_read:
            seen = update(Message).where(Message.id == made)
            await session.execute(seen.values(read_at=func.now()))
        session.add(
            WeChatNotice(
                district_code=told.district,
                message_id=made,
                wechat_index=account.bytes,
                template_id=TEMPLATE,
                data={},
                status=NoticeStatus.QUEUED,
            )
        )
    await session.flush()


world.FILLS.append(fill)
world.NAMED += [*TOLD]
world.CURSORS["messages"] = ("prefecture_reader", "/v1/messages?")


def _seen(ids: Ids, who: Who) -> list[str]:
    """Name what `who` was told of districts in which there is something to do, newest first."""
    touched = rights.touched(who)
    seen = [k for k, t in TOLD.items() if t.who == who.key and t.district in touched]
    return sorted(seen, key=lambda k: ids.things[k], reverse=True)


@row()
def list_messages(ids: Ids, who: Who) -> Cells:
    seen = _seen(ids, who)

    def asked(channel: str, target: str, query: str, keys: list[str]) -> Cell:
        ask = Ask("GET", f"/v1/messages?{query}")
        found = [ids.things[k] for k in keys]
        return Cell(channel, target, ask, 200, read=in_order, exactly=found)

    yield asked("list", "all", "limit=200", seen)
    for is_read in (True, False):
        keys = [k for k in seen if TOLD[k].is_read == is_read]
        yield asked("filter", "read", f"is_read={str(is_read).lower()}", keys)
    keys = [k for k in seen if TOLD[k].kind is MessageKind.TRANSFER]
    yield asked("filter", "transfer", "kind=transfer", keys)
    page = [ids.things[k] for k in seen[:1]], len(seen) > 1
    one = Ask("GET", "/v1/messages?limit=1")
    yield Cell("page", "all", one, 200, read=first_of, exactly=page)
    mark = max(ids.things["told_here"], ids.things["told_near"])
    behind = [k for k in seen if ids.things[k] < mark]
    yield asked("cursor", "all", f"after={ids.cursors.get('messages')}", behind)


@row()
def read_message(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        {key: ids.things[key] for key in TOLD},
        lambda i: Ask("POST", f"/v1/messages/{i}/readings"),
        sees=_seen(ids, who).__contains__,
        unknown=ids.unknown,
    )


def _count(answer: httpx.Response) -> int:
    return int(answer.json()["count"])


@row()
def read_all_messages(ids: Ids, who: Who) -> Cells:
    unread = sum(not TOLD[k].is_read for k in _seen(ids, who))
    ask = Ask("POST", "/v1/messages/readings")
    yield Cell("access", "own", ask, 200, read=_count, exactly=unread)


@row()
def list_wechat_subscriptions(ids: Ids, who: Who) -> Cells:
    ask = Ask("GET", "/v1/wechat/subscriptions")
    yield Cell("list", "own", ask, 200, ask, "bare")


@row()
def subscribe_by_wechat(ids: Ids, who: Who) -> Cells:
    ask = Ask("POST", "/v1/wechat/subscriptions", {"kind": "election"})
    yield Cell("access", "own", ask, 409, ask, "bare")
