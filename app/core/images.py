"""Images that people send: checked by content, bounded, made anew without what tells of people."""

import asyncio
import io
import warnings
from dataclasses import dataclass
from http import HTTPStatus

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from app.core.errors import AppError, Text

MOST_BYTES = 8 << 20
MOST_PIXELS = 40_000_000
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_MODES = {"JPEG": {"L", "RGB"}, "PNG": {"L", "LA", "RGB", "RGBA"}, "WEBP": {"RGB", "RGBA"}}
_QUALITY = 88
_AT_ONCE = asyncio.Semaphore(2)
"""An image of 40 million pixels takes 160 MiB while it is open."""


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
        with warnings.catch_warnings():
            # the library warns of bombs by a bound of its own; ours is checked below
            warnings.simplefilter("ignore", DecompressionBombWarning)
            return _made_anew(data)
    except DecompressionBombError as error:
        raise ImageTooLarge from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise NotAnImage from error


def _made_anew(data: bytes) -> CleanImage:
    with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as found:
        kind = found.format
        assert kind is not None
        if found.width * found.height > MOST_PIXELS:  # read from the head: nothing is unpacked yet
            raise ImageTooLarge
        found.load()
        upright = ImageOps.exif_transpose(found)
        has_alpha = "transparency" in upright.info or upright.mode in {"LA", "PA", "RGBA"}
        mode = upright.mode
        if mode not in _MODES[kind]:
            mode = "RGBA" if has_alpha and kind != "JPEG" else "RGB"
        pixels = upright.convert(mode)
        bare = Image.frombytes(mode, pixels.size, pixels.tobytes())
    out = io.BytesIO()
    if kind == "PNG":
        bare.save(out, kind, optimize=False)
    else:
        bare.save(out, kind, quality=_QUALITY)
    return CleanImage(out.getvalue(), FORMATS[kind], *bare.size)
