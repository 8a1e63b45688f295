"""Images that people send: checked by content, bounded, made anew without what tells of people."""

import asyncio
import io
import re
from dataclasses import dataclass
from http import HTTPStatus

from PIL import ExifTags, Image
from PIL.Image import DecompressionBombError, DecompressionBombWarning, Transpose

from app.core.errors import AppError, Text

MOST_BYTES = 8 << 20
MOST_PIXELS = 40_000_000
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_MODES = {"JPEG": {"L", "RGB"}, "PNG": {"L", "LA", "RGB", "RGBA"}, "WEBP": {"RGB", "RGBA"}}
_QUALITY = 88
MOST_SCANS = 50
"""A camera's JPEG has at most a dozen; each makes the decoder pass over the whole image."""
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
"""What follows has a length, or is the end: fillers, restarts and stuffed bytes are passed over."""
_END, _SCAN = b"\xd9", b"\xda"
_AT_ONCE = asyncio.Semaphore(2)
"""At 40 million pixels each takes 330 MiB for a second or two, a WebP twice that."""
Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # the library's own bound is twice as wide, and warns first


class NotAnImage(AppError):  # noqa: N818
    """The content is no whole JPEG, PNG or WebP, whatever its name says."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text(
        "只接受完整的 JPEG、PNG 或 WebP 图片", "Only a whole JPEG, PNG or WebP image is taken"
    )


class ImageTooLarge(AppError):  # noqa: N818
    """More bytes or more pixels than are taken."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = Text(
        "图片过大：最多 8 MiB、4000 万像素", "The image is too large: 8 MiB, 40 million pixels"
    )


@dataclass(frozen=True, slots=True)
class CleanImage:
    """An image made anew out of its pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


async def clean(data: bytes) -> CleanImage:
    """Make an image anew out of its pixels alone, upright.

    Place, camera, comments and whatever else was in or behind it are gone; of several frames the
    first stays. Raises `NotAnImage` or `ImageTooLarge`.
    """
    if len(data) > MOST_BYTES:
        raise ImageTooLarge
    async with _AT_ONCE:
        return await asyncio.to_thread(_clean, data)


def _clean(data: bytes) -> CleanImage:
    try:
        kind, pixels = _decoded(data)
    except AppError:
        raise
    except (DecompressionBombError, DecompressionBombWarning) as error:
        raise ImageTooLarge from error
    except Exception as error:  # of any kind: the library's readers raise what their slips make
        raise NotAnImage from error
    out = io.BytesIO()
    if kind == "PNG":
        pixels.save(out, kind)
    else:
        pixels.save(out, kind, quality=_QUALITY)
    return CleanImage(out.getvalue(), FORMATS[kind], *pixels.size)


def _decoded(data: bytes) -> tuple[str, Image.Image]:
    """Read the first frame, upright, into an image that holds nothing but pixels."""
    with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as found:
        # telephones write JPEGs with further images behind the first: the library calls them MPO
        kind = "JPEG" if found.format in {"JPEG", "MPO"} else str(found.format)
        if found.width * found.height > MOST_PIXELS:  # read from the head: nothing is unpacked yet
            raise ImageTooLarge
        if kind == "JPEG" and _scans(data) > MOST_SCANS:
            raise NotAnImage
        found.load()
        turn = _turn(found)
        if found.mode == "I;16":  # `convert` would cut off what it has to divide
            read = found.point(lambda level: level * (1 / 256)).convert("L")
        else:
            read = found.convert(_mode(kind, found))
    del found  # as large as what is read
    if turn is not None:
        read = read.transpose(turn)
    bare = Image.new(read.mode, read.size)
    bare.paste(read)
    return kind, bare


def _mode(kind: str, found: Image.Image) -> str:
    """Choose how to write the colours: as they are where the format can."""
    is_clear = found.has_transparency_data and kind != "JPEG"
    if found.mode in _MODES[kind] and is_clear == (found.mode in {"LA", "RGBA"}):
        return found.mode
    return "RGBA" if is_clear else "RGB"


def _turn(found: Image.Image) -> Transpose | None:
    """Read which turn makes it upright."""
    try:
        return _UPRIGHT.get(found.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - a photograph is one, whatever its notes are like
        return None


def _scans(data: bytes) -> int:
    """Count the scans of a JPEG's first image, as the decoder finds them."""
    scans = 0
    marker = _MARKER.search(data, 2)
    while marker and marker[1] != _END:
        scans += marker[1] == _SCAN
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        marker = _MARKER.search(data, marker.end() + length)
    return scans
