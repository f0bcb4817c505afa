"""What one act claims in the store, so that collection leaves it until the act has committed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from strongroom.catalog import blobs, claims
from strongroom.domain.errors import Conflict, StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services.desk import Desk
from strongroom.store.folder import Stored

#: Seconds between two signs of life of a long act; claims last for much longer.
HEARTBEAT = 60.0

log = logging.getLogger(__name__)


class ClaimsRanOut(Conflict):
    """Not a matter of one file: what was stored so far may be gone."""

    def __init__(self) -> None:
        super().__init__("the work stood still so long that its claims ran out", "", "add it again")


class Claims:
    """Claims of one act, under a name of its own. A claim is committed before anyone looks whether
    the bytes are there, and the act's transaction checks that its claims still live.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.claimant = token_hex(12)
        self.held = False
        self._beat_at = 0.0

    def claim(self, digests: Iterable[bytes]) -> None:
        """Raises `ClaimsRanOut` where earlier ones did."""
        renew, self.held, self._beat_at = self.held, True, time.monotonic()
        if not claims.claim(self.desk.engine, self.claimant, digests, now(), renew):
            raise ClaimsRanOut

    def beat(self) -> None:
        """Says, now and then, that the claims are still needed; raises `ClaimsRanOut`."""
        if self.held and time.monotonic() - self._beat_at > HEARTBEAT:
            self._beat_at = time.monotonic()
            if not claims.heartbeat(self.desk.engine, self.claimant, now()):
                raise ClaimsRanOut

    def check(self, tx: Any) -> None:
        """Inside the act's transaction; raises `ClaimsRanOut`."""
        if self.held and not claims.alive(tx, self.claimant, now()):
            raise ClaimsRanOut

    def keep_documents(self, documents: Mapping[bytes, bytes]) -> None:
        """Makes documents durable, in one group; those that are there, byte by byte, are left."""
        if not documents:
            return
        self.claim(documents)
        with self.desk.store.no_collection():
            present = self.desk.present(documents)
            missing = [(d, data) for d, data in documents.items() if d not in present]
            if missing:
                self.note(self.desk.store.put_all(missing))

    def note(self, stored: Iterable[Stored]) -> None:
        """Makes known where blobs lie durably."""
        blobs.write_blobs(
            self.desk.engine,
            self.desk.store.name,
            [(s.digest, s.size, s.form, s.place) for s in stored],
        )

    def release(self) -> None:
        """Ends the claims; what nobody refers to by now is left to collection."""
        if self.held:
            self.held = False
            try:
                claims.release(self.desk.engine, self.claimant)
            except StrongroomError as error:
                log.warning("claims are left to run out: %s", error)
