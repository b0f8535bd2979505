"""The work of `judge --verify`: what a store holds, against what its manifests say."""

from pathlib import Path

from blockprobe.cli.process import Exit, complain
from blockprobe.model.errors import StoreError

#: Evidence is not what was sealed.
UNTRUE = 1


def verify_stores(folders: tuple[str, ...], *, signers: str | None, others: tuple[str, ...]) -> int:
    """Name every fault of every store on standard error, and print what each holds; 1 when there is a fault."""
    from blockprobe.store.verify import verify_store

    if others:
        complain(f"{others[0]}: --verify judges nothing; give folders of stores, each with --verify")
        return Exit.USAGE
    allowed = Path(signers) if signers is not None else None
    if allowed is not None and not allowed.is_file():
        complain(f"{signers}: no file of allowed signers; see docs/store.md")
        return Exit.USAGE
    faults = 0
    for folder in folders:
        if not Path(folder).is_dir():
            raise StoreError(f"{folder}: no folder; give the one that [store] dir names")
        found = verify_store(Path(folder), allowed_signers=allowed)
        for fault in found.faults:
            complain(fault)
        faults += len(found.faults)
        begins = f", from number {found.begins_at}" if found.begins_at else ""
        signed = f", {found.signed} signed" if allowed is not None else ""
        count = len(found.faults)
        print(
            f"{folder}: {found.records} records in {found.segments} sealed segments and {found.open} open{begins}; "
            f"{found.pruned} dropped{signed}; {count} {'fault' if count == 1 else 'faults'}"
        )
    return UNTRUE if faults else Exit.DONE
