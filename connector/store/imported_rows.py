"""Which rows of files became cards: by keyed digests of what the rows said, never by what they said.

The one rule: `met` and `made` of a job grow in the transaction that made its cards.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from ..domain.jobs import Job
from .prepared import Prepared
from .tables import accounts, imported_rows
from .writer import Writing

_ADD: Final = Prepared(insert(imported_rows))
_GROW: Final = Prepared(
    update(imported_rows)
    .where(
        imported_rows.c.account_id == bindparam("account"),
        imported_rows.c.digest == bindparam("mark"),
        imported_rows.c.job_id == bindparam("job"),
    )
    .values(
        met=imported_rows.c.met + bindparam("met_more"),
        made=imported_rows.c.made + bindparam("made_more"),
    )
)


@dataclass(frozen=True, slots=True)
class Copies:
    """How often rows were there, by digest: `elsewhere` became cards by other jobs, `met` by this one so far.

    `kept`: digests that this job has a row of already.
    """

    elsewhere: dict[str, int] = field(default_factory=dict)
    met: dict[str, int] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)


def copies(tx: Writing, account_id: int, job: Job | None, digests: Collection[str]) -> Copies:
    """What is known of these digests. Until the commit no other import of the account writes or asks."""
    if not tx.is_alone:
        # Key shares, which each new card takes on its account, go on beside this.
        tx.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True))
    found = Copies()
    wanted = select(imported_rows).where(
        imported_rows.c.account_id == account_id, imported_rows.c.digest.in_(digests)
    )
    for row in tx.execute(wanted):
        if job is None or row.job_id != job.id:
            found.elsewhere[row.digest] = found.elsewhere.get(row.digest, 0) + row.made
        else:
            found.met[row.digest] = row.met
            found.kept.add(row.digest)
    return found


def add(tx: Writing, job: Job, known: Copies, grown: Mapping[str, tuple[int, int]]) -> None:
    """What a batch met and made more, by digest."""
    new = [
        {"account_id": job.account_id, "digest": digest, "job_id": job.id, "met": met, "made": made}
        for digest, (met, made) in grown.items()
        if digest not in known.kept
    ]
    more = [
        {"account": job.account_id, "mark": digest, "job": job.id, "met_more": met, "made_more": made}
        for digest, (met, made) in grown.items()
        if digest in known.kept
    ]
    tx.do_all(_ADD, new)
    tx.do_all(_GROW, more)
