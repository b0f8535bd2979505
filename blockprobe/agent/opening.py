"""The store of an agent that begins: what a crash left is repaired, and what the state was not told is made up for."""

import logging
from pathlib import Path

from blockprobe.agent.keeper import Keeper
from blockprobe.agent.mirror_keeper import MirrorKeeper
from blockprobe.agent.reload import Loaded
from blockprobe.metrics.counters import Counters
from blockprobe.model.errors import StoreError
from blockprobe.net.clock import Clock
from blockprobe.store.archive import Archive
from blockprobe.store.bypass_log import BypassLog
from blockprobe.store.rebuild import rebuild
from blockprobe.store.state import StateDb
from blockprobe.store.state_file import Before

_LOG = logging.getLogger(__name__)


def open_keeper(loaded: Loaded, clock: Clock) -> Keeper:
    """Open archive and state; raises StoreError."""
    settings = loaded.settings
    archive = Archive.open(settings.store, name=settings.vantage.name or "probe", clock=clock)
    try:
        for repair in archive.repairs:
            _LOG.warning("store: %s", repair)
        state = StateDb.open(settings.store.dir)
        _catch_up(state, archive, loaded)
        keeper = Keeper(archive, state, Counters(), clock)
        keeper.batteries = BypassLog(settings.store)
        keeper.mirrors = MirrorKeeper(settings.store.dir)
        return keeper
    except BaseException:
        archive.close()
        raise


def _catch_up(state: StateDb, archive: Archive, loaded: Loaded) -> None:
    """Take from the archive what the state does not know: all of it, or what was not saved before a crash.

    It is the state that says whether there may be any: the archive was repaired just now, and a start that is killed
    after that must not make the next one believe that all is well.
    """
    before = state.begin()
    if state.damaged is not None:
        count = _rebuilt(state, loaded)
        _LOG.warning("the state was damaged (now %s) and made again from %d records", state.damaged, count)
    elif before is not Before.IN_ORDER or archive.recovered:
        try:
            count = _rebuilt(state, loaded)
        except StoreError as error:  # the state is a little old then, which the next looks mend
            _LOG.warning("the last agent did not end in order, and the state cannot be brought up to date: %s", error)
        else:
            if count and before is Before.NOBODY:
                _LOG.warning("there was no state; it is made from %d records of the archive", count)
            elif count or archive.recovered:
                _LOG.warning("the last agent did not end in order; the state takes %d records from the archive", count)


def _rebuilt(state: StateDb, loaded: Loaded) -> int:
    settings = loaded.settings
    network = loaded.catalogue.networks.get(settings.vantage.isp or "")
    return rebuild(state, Path(settings.store.dir), network=network)
