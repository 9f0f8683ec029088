"""Networks that their makers have published: where they lie, and what may be done with them.

Known by their SHA-256 and never by their name. None of them is shipped with this program.
"""

from __future__ import annotations

from dataclasses import dataclass

_NVIDIA = (
    "Copyright NVIDIA, under the NVIDIA Source Code License: for research and evaluation only, "
    "not for commercial use."
)


@dataclass(frozen=True, slots=True)
class Official:
    """A file that can be fetched by name."""

    name: str
    what: str
    file: str
    """Name it is kept under."""
    url: str
    size: int
    """In bytes."""
    sha256: str
    licence: str
    source: str
    """Where its maker tells of it."""


# The addresses are those that the makers' own read-me files give; hashes and sizes were quoted in
# public repositories and were not fetched from here.
OFFICIAL = (
    Official(
        name="ffhq-config-f",
        what="StyleGAN2 of faces, 1024 px (TensorFlow, Karras et al. 2020)",
        file="stylegan2-ffhq-config-f.pkl",
        url="https://nvlabs-fi-cdn.nvidia.com/stylegan2/networks/stylegan2-ffhq-config-f.pkl",
        size=381_673_535,
        sha256="adf127ea7bb8a7788c8bdeda3c9937f7310b669b09ecf799ca53a631ff46948d",
        licence=_NVIDIA,
        source="https://github.com/NVlabs/stylegan2",
    ),
    Official(
        name="ffhq-ada",
        what="StyleGAN2-ADA of faces, 1024 px (PyTorch, Karras et al. 2020)",
        file="stylegan2-ada-pytorch-ffhq.pkl",
        url="https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/ffhq.pkl",
        size=381_624_121,
        sha256="a205a346e86a9ddaae702e118097d014b7b8bd719491396a162cca438f2f524c",
        licence=_NVIDIA,
        source="https://github.com/NVlabs/stylegan2-ada-pytorch",
    ),
    Official(
        name="ffhq-rosinality",
        what="StyleGAN2 of faces, 1024 px, as converted for rosinality's stylegan2-pytorch",
        file="stylegan2-ffhq-config-f.pt",
        # Quoted by pixel2style2pixel and encoder4editing; `confirm` skips the page that Google
        # shows before large files.
        url="https://drive.usercontent.google.com/download"
        "?id=1EM87UquaoQmk17Q8d5kYIAHqu0dkYqdT&export=download&confirm=t",
        size=381_462_551,
        sha256="bae494ef77e32a9cd1792a81a3c167692a0e64f6bcd8b06592ff42917e2ed46e",
        licence=_NVIDIA,
        source="https://github.com/rosinality/stylegan2-pytorch",
    ),
)


def by_sha256(digest: str) -> Official | None:
    return next((known for known in OFFICIAL if known.sha256 == digest), None)
