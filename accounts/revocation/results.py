"""How far a revocation is: in how many accounts of how many, and how long that took."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.durations import in_words
from accounts.models import Revocation
from accounts.models.revocations import PlacementState


@dataclass(frozen=True, slots=True)
class Progress:
    """Numbers of policies by their state, of accounts in which all are placed, and seconds until the last one was."""

    placed: int
    pending: int
    failed: int
    accounts_placed: int
    accounts: int
    seconds: int

    @property
    def is_complete(self) -> bool:
        return not (self.pending or self.failed)

    def __str__(self) -> str:
        """What is promised, and no more: where the denial stands at AWS."""
        if not self.accounts:
            return "There was nothing to cut."
        said = f"Placed in {self.accounts_placed} of {self.accounts} accounts"
        if self.placed:
            said += f" within {in_words(self.seconds) if self.seconds >= 60 else f'{self.seconds} seconds'}"
        more = [
            f"{number} {word}"
            for number, word in ((self.pending, "pending"), (self.failed, "failed"))
            if number
        ]
        return f"{said}; policies {', '.join(more)}." if more else f"{said}."


def progress_of(revocation: Revocation) -> Progress:
    """Return how far a revocation is, in one query. The organization's policy counts as one account."""
    rows = list(revocation.placements.values_list("account_id", "state", "placed_at"))
    states = [state for _, state, _ in rows]
    accounts = {account_id for account_id, _, _ in rows}
    unfinished = {account_id for account_id, state, _ in rows if state != PlacementState.PLACED}
    latest = max((at for _, _, at in rows if at), default=revocation.requested_at)
    return Progress(
        placed=states.count(PlacementState.PLACED),
        pending=states.count(PlacementState.PENDING),
        failed=states.count(PlacementState.FAILED),
        accounts_placed=len(accounts - unfinished),
        accounts=len(accounts),
        seconds=max(0, round((latest - revocation.requested_at).total_seconds())),
    )
