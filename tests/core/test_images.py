"""Images are taken by their content, and nothing but their pixels stays."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from app.core import images
from app.core.images import ImageTooLarge, NotAnImage, clean

SECRET = b"GPS 44.58 129.63"


def picture(
    kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **more: object
) -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, size, 0)
    image.paste(255 if mode == "L" else "red", (0, 0, size[0] // 2, size[1] // 2))
    image.save(out, kind, **more)
    return out.getvalue()


def located(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (44.0, 35.0, 0.0)
    return exif


@pytest.mark.parametrize(("kind", "media_type"), images.FORMATS.items())
async def test_where_it_was_taken_is_gone(kind: str, media_type: str) -> None:
    more: dict[str, object] = {"exif": located(), "xmp": SECRET}
    if kind == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("Comment", SECRET.decode())
        more = {"pnginfo": told, "exif": located()}
    elif kind == "JPEG":
        more |= {"comment": SECRET}
    sent = picture(kind, **more)
    assert SECRET in sent
    made = await clean(sent + b"PK\x03\x04" + SECRET)
    assert (made.media_type, made.width, made.height) == (media_type, 40, 20)
    assert SECRET not in made.data
    with Image.open(io.BytesIO(made.data)) as shown:
        assert shown.format == kind
        assert not shown.getexif()
        assert not {"exif", "xmp", "comment", "Comment", "icc_profile"} & set(shown.info)
        assert shown.convert("RGB").getpixel((2, 2))[0] > 200  # type: ignore[index]


async def test_it_stands_upright() -> None:
    made = await clean(picture("JPEG", exif=located(6)))
    assert (made.width, made.height) == (20, 40)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("WEBP", "RGBA"), ("JPEG", "CMYK")],
)
async def test_other_ways_to_write_colours(kind: str, mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (8, 8)).save(out, kind)
    made = await clean(out.getvalue())
    with Image.open(io.BytesIO(made.data)) as shown:
        assert shown.size == (8, 8)
        assert (shown.mode == "RGBA") == (mode == "RGBA")


async def test_of_several_frames_the_first_stays() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=50)
    with Image.open(io.BytesIO((await clean(out.getvalue())).data)) as shown:
        assert getattr(shown, "n_frames", 1) == 1


def bomb(width: int, height: int) -> bytes:
    """A PNG whose head alone speaks of a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html></html>",
        b"%PDF-1.7",
        picture("GIF"),
        picture("BMP"),
        picture("JPEG", (400, 400))[:-200],
        picture("PNG", (400, 400))[:-50],
        picture("WEBP", (400, 400))[:-20],
        bomb(8000, 5000),  # small enough by its head, and nothing behind it
    ],
)
async def test_what_is_no_whole_image_is_refused(sent: bytes) -> None:
    with pytest.raises(NotAnImage):
        await clean(sent)


@pytest.mark.parametrize("size", [(8000, 5001), (65535, 65535), (20000, 20000)])
async def test_a_head_that_speaks_of_too_many_pixels_is_enough(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge):
        await clean(bomb(*size))


async def test_exactly_so_many_bytes_are_taken_and_not_one_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = picture("PNG")
    monkeypatch.setattr(images, "MOST_BYTES", len(sent))
    await clean(sent)
    with pytest.raises(ImageTooLarge):
        await clean(sent + b" ")
