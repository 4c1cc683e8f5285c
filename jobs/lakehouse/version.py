"""Which version of the code runs."""

import subprocess

from lakehouse.settings import ROOT


def code_version() -> str:
    """Return the commit that the code is at, with `-dirty` where files differ from it; `unknown` outside a checkout.

    Code that was packed for YARN knows the one that it was packed from.
    """
    if (packed := ROOT / "CODE_VERSION").exists():
        return packed.read_text("utf-8")
    # `git describe --dirty` rewrites the index: killed meanwhile, it left a lock on which a user's next commit failed.
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    asked = (["describe", "--always"], ["status", "--porcelain", "--untracked-files=no"])
    try:
        told, changed = (
            subprocess.run([*git, *words], capture_output=True, text=True, check=True, timeout=5).stdout.strip()
            for words in asked
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{told}-dirty" if changed else told
