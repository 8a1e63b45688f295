"""Images are taken by their content, and nothing but their pixels stays."""

import asyncio
import io
import struct
import threading
import time
import warnings
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from app.core import images
from app.core.images import ImageTooLarge, NotAnImage, clean

SECRET = b"GPS 44.58 129.63"


def picture(
    kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **more: object
) -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, size, 0)
    image.paste("red" if mode == "RGB" else 255, (0, 0, size[0] // 2, size[1] // 2))
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


@pytest.mark.parametrize("kind", images.FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_it_stands_upright(kind: str, orientation: int) -> None:
    """`ImageOps.exif_transpose` decides too, by code of its own."""
    sent = picture(kind, exif=located(orientation))
    made = await clean(sent)
    with Image.open(io.BytesIO(sent)) as lying, Image.open(io.BytesIO(made.data)) as shown:
        upright = ImageOps.exif_transpose(lying).convert("RGB")
        assert shown.size == upright.size == ((40, 20) if orientation < 5 else (20, 40))
        width, height = shown.size
        for x, y in ((2, 2), (width - 3, 2), (2, height - 3), (width - 3, height - 3)):
            assert shown.convert("RGB").getpixel((x, y))[0] == pytest.approx(  # type: ignore[index]
                upright.getpixel((x, y))[0], abs=30
            )


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # the library tells what it skips
@pytest.mark.parametrize(
    "notes",
    [
        b"Exif\0\0garbage",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x02a\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\xff\x06\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
    ],
)
async def test_a_photograph_with_broken_notes_is_one(notes: bytes) -> None:
    made = await clean(picture("JPEG", exif=notes))
    assert (made.width, made.height) == (40, 20)
    assert b"Exif" not in made.data


async def test_of_a_telephones_jpeg_with_images_behind_it_the_first_stays() -> None:
    sent = picture("MPO", save_all=True, append_images=[Image.new("RGB", (90, 90), "blue")])
    with Image.open(io.BytesIO(sent)) as found:
        assert found.format == "MPO"
    made = await clean(sent)
    assert (made.media_type, made.width, made.height) == ("image/jpeg", 40, 20)
    assert b"MPF" not in made.data


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


@given(
    st.sampled_from(
        [
            picture("JPEG", exif=located(6), progressive=True),
            picture("MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))]),
            picture("PNG", exif=located(6)),
            picture("PNG", mode="P"),
            picture("WEBP", exif=located(6)),
            picture("WEBP", lossless=True),
        ]
    ),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=6),
    st.integers(0, 900),
)
def test_whatever_was_done_to_a_file_it_is_an_image_or_refused(
    sent: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    changed = bytearray(sent)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    with suppress(NotAnImage, ImageTooLarge), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library tells what it skips
        made = images._clean(bytes(changed[: length or None]))
        with Image.open(io.BytesIO(made.data)) as shown:
            shown.load()


def scans(count: int) -> bytes:
    """A progressive JPEG of so many scans: the last but the first ones, again and again."""
    sent = picture("JPEG", progressive=True)
    last = sent[sent.rfind(b"\xff\xc4", 0, sent.rfind(b"\xff\xda")) : -2]
    return sent[:-2] + last * (count - sent.count(b"\xff\xda")) + sent[-2:]


async def test_a_jpeg_of_endless_scans_is_refused() -> None:
    await clean(scans(images.MOST_SCANS))
    with pytest.raises(NotAnImage):
        await clean(scans(images.MOST_SCANS + 1))
    # what lies in the notes or behind the end is no scan
    await clean(picture("JPEG", comment=b"\xff\xda" * 99) + b"\xff\xda" * 99)


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\xff\x00", b"\xff\xfe\x00\x02"])
def test_scans_are_counted_in_one_pass(filler: bytes) -> None:
    sent = picture("JPEG")
    started = time.process_time()
    assert images._scans(sent[:2] + filler * (images.MOST_BYTES // len(filler)) + sent[2:]) == 1
    assert time.process_time() - started < 10


async def test_sixteen_bits_of_grey_become_eight() -> None:
    out = io.BytesIO()
    grey = Image.new("I;16", (2, 1), 20_000)
    grey.putpixel((1, 0), 65_535)
    grey.save(out, "PNG")
    with Image.open(io.BytesIO((await clean(out.getvalue())).data)) as shown:
        assert (shown.mode, shown.getpixel((0, 0)), shown.getpixel((1, 0))) == ("L", 78, 255)


async def test_a_colour_that_stands_for_nothing_stays_clear() -> None:
    made = await clean(picture("PNG", transparency=(0, 0, 0)))
    with Image.open(io.BytesIO(made.data)) as shown:
        assert (shown.mode, shown.getpixel((39, 19)), shown.getpixel((0, 0))) == (
            "RGBA",
            (0, 0, 0, 0),
            (255, 0, 0, 255),
        )


async def test_two_images_are_open_at_once_and_no_third(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, lock = 0, 0, threading.Lock()
    sent = picture("PNG")
    real = images._clean

    def counted(data: bytes) -> images.CleanImage:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        made = real(data)
        with lock:
            now -= 1
        return made

    monkeypatch.setattr(images, "_clean", counted)
    await asyncio.gather(*(clean(sent) for _ in range(6)))
    assert most == 2


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
