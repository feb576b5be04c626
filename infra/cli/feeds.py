"""What each tracking feed asks of the owner: read from the manifest in the feed's own folder.

`shared/tracking/src/<name>/feed.toml` says where the feed's API is and which secrets it needs, so that a feed more is a folder
more and nothing here.
"""

from __future__ import annotations

from functools import cache

from . import places
from .partners import Manifest, read_manifest

FOLDERS = places.ROOT / "shared" / "tracking" / "src"


@cache
def manifests() -> dict[str, Manifest]:
    """Every feed this version knows, by its name in `[tracking.<name>]`."""
    found = (read_manifest(path.read_text()) for path in sorted(FOLDERS.glob("*/feed.toml")))
    return {manifest.kind: manifest for manifest in found}
