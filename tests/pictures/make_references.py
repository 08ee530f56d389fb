#!/usr/bin/env python3
"""Makes the pictures that the tests of the crate `images` decode, and what is to come out.

What is to come out is made by others: Pillow (libjpeg-turbo, libpng), Little CMS for colours, and libavif's `avifdec`
for AVIF. The profiles are written here, number by number, so that they have no owner.

Needs Python with pillow and numpy, and `avifenc` and `avifdec` (Debian: libavif-bin):

    pip install pillow numpy
    python3 tests/pictures/make_references.py

The pictures are in the repository, so nobody needs to run it but to add one. It writes `images/tests/colours`
(256 patches of eight by eight pixels in every way of saying a colour) and `images/tests/avif`.
"""

import io
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageCms

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLOURS = ROOT / "images/tests/colours"
AVIF = ROOT / "images/tests/avif"

D50 = np.array([0.9642, 1.0, 0.8249])
D65 = (0.3127, 0.3290)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def xyz(x, y):
    return np.array([x / y, 1.0, (1 - x - y) / y])


def colorants(primaries, white=D65):
    """The columns of red, green and blue, adapted to D50 (ICC.1, annex E)."""
    columns = np.array([xyz(*point) for point in primaries]).T
    columns = columns * np.linalg.solve(columns, xyz(*white))
    cones = (BRADFORD @ D50) / (BRADFORD @ xyz(*white))
    return np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD @ columns


def fixed(number):
    return struct.pack(">i", round(number * 65536))


def tag_xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)


def tag_gamma(exponent):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def tag_curve(values):
    samples = [round(min(max(value, 0), 1) * 65535) for value in values]
    return b"curv\0\0\0\0" + struct.pack(f">I{len(samples)}H", len(samples), *samples)


def tag_text(text):
    return b"text\0\0\0\0" + text.encode() + b"\0"


def tag_description(text):
    data = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(data)) + data + bytes(12 + 67)


def profile(kind, space, pcs, tags):
    """The bytes of a profile of version 2.4."""
    tags = {b"desc": tag_description("test"), b"cprt": tag_text("none"), b"wtpt": tag_xyz(D50), **tags}
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    size = start + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, kind, space, pcs)
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += b"".join(fixed(value) for value in D50)
    header += bytes(128 - len(header))
    return header + struct.pack(">I", len(tags)) + table + data


def srgb_curve(count=1024):
    samples = np.linspace(0, 1, count)
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def rgb_profile(primaries, curve, white=D65):
    columns = colorants(primaries, white)
    tags = {name: tag_xyz(columns[:, index]) for index, name in enumerate([b"rXYZ", b"gXYZ", b"bXYZ"])}
    tags |= {name: curve for name in [b"rTRC", b"gTRC", b"bTRC"]}
    return profile(b"mntr", b"RGB ", b"XYZ ", tags)


REC709 = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]
P3_PRIMARIES = [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)]
ADOBE_PRIMARIES = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)]
REC2020 = [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)]

SRGB = rgb_profile(REC709, tag_curve(srgb_curve()))
P3 = rgb_profile(P3_PRIMARIES, tag_curve(srgb_curve()))
ADOBE = rgb_profile(ADOBE_PRIMARIES, tag_gamma(563 / 256))
WIDE = rgb_profile(REC2020, tag_curve(srgb_curve()))
GREY = profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": tag_gamma(1.8)})
GREY_CURVE = profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": tag_curve(np.linspace(0, 1, 256) ** 2.6)})


def press(bits):
    """A profile of four inks to Lab, as a table: paper that is not white, inks that are not pure, dots that grow."""
    steps = np.linspace(0, 1, 9)
    grid = np.stack(np.meshgrid(steps, steps, steps, steps, indexing="ij"), -1).reshape(-1, 4)
    dots = grid + 0.6 * grid * (1 - grid)
    dots = np.clip(dots, 0, 1)
    # What an ink takes of red, green and blue light.
    inks = np.array([[0.95, 0.42, 0.12], [0.18, 0.93, 0.45], [0.04, 0.12, 0.92], [0.96, 0.95, 0.94]])
    paper = np.array([0.93, 0.92, 0.88])
    light = paper * np.prod(1 - dots[:, :, None] * inks[None], axis=1)
    matrix = colorants(REC709)
    value = (light @ matrix.T) / D50
    root = np.where(value > 216 / 24389, np.cbrt(value), (24389 / 27 * value + 16) / 116)
    lab = np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], -1)
    identity = b"".join(fixed(value) for value in np.eye(3).ravel())
    if bits == 8:
        samples = np.stack([lab[:, 0] * 2.55, lab[:, 1] + 128, lab[:, 2] + 128], -1)
        table = np.clip(np.round(samples), 0, 255).astype(np.uint8).tobytes()
        ramp = bytes(range(256))
        content = b"mft1\0\0\0\0" + bytes([4, 3, 9, 0]) + identity + ramp * 4 + table + ramp * 3
    else:
        samples = np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], -1)
        table = np.clip(np.round(samples), 0, 65535).astype(">u2").tobytes()
        ramp = struct.pack(">2H", 0, 65535)
        content = b"mft2\0\0\0\0" + bytes([4, 3, 9, 0]) + identity
        content += struct.pack(">2H", 2, 2) + ramp * 4 + table + ramp * 3
    return profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": content})


PRESS_8, PRESS_16 = press(8), press(16)


def in_srgb(image, icc):
    """The same colours in sRGB, by Little CMS: relative to the paper, and black as it is."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    target = ImageCms.ImageCmsProfile(io.BytesIO(SRGB))
    mode = "L" if image.mode == "L" else image.mode
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(source, target, mode, "RGB", intent, ImageCms.Flags.NOOPTIMIZE)
    return ImageCms.applyTransform(image, transform)


def patches(channels, seed):
    """256 patches: the corners, greys, and others by chance."""
    random = np.random.default_rng(seed)
    colours = random.integers(0, 256, (256, channels))
    corners = [[255 * (n >> c & 1) for c in range(channels)] for n in range(2**channels)]
    colours[: len(corners)] = corners
    greys = np.linspace(0, 255, 24).round()
    colours[32:56] = greys[:, None]
    if channels == 4:
        # Inks that a press would take: little of all where there is much black.
        colours[32:56] = np.stack([greys * 0] * 3 + [greys], -1)
    grid = colours.reshape(16, 16, channels).astype(np.uint8)
    return grid.repeat(8, 0).repeat(8, 1)


def keep(name, image):
    image.info.pop("icc_profile", None)
    image.save(COLOURS / f"{name}.expected.png", optimize=True)


def encoded(image, format, **options):
    data = io.BytesIO()
    image.save(data, format, **options)
    return data.getvalue()


def decoded(data, mode):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image.convert(mode) if image.mode != mode else image


def with_chunk(png, name, content):
    """A PNG with one more chunk behind its header."""
    chunk = struct.pack(">I", len(content)) + name + content
    chunk += struct.pack(">I", zlib.crc32(name + content))
    return png[:33] + chunk + png[33:]


def make_colours():
    COLOURS.mkdir(parents=True, exist_ok=True)
    write = lambda name, data: (COLOURS / name).write_bytes(data)
    rgb = Image.fromarray(patches(3, 1))
    grey = Image.fromarray(patches(1, 2)[:, :, 0])
    inks = Image.fromarray(patches(4, 3), "CMYK")
    jpeg = dict(quality=97, subsampling=0)

    for name, icc in [("none", None), ("srgb", SRGB), ("p3", P3), ("adobe", ADOBE)]:
        options = {"icc_profile": icc} if icc else {}
        data = encoded(rgb, "JPEG", **jpeg, **options)
        write(f"rgb-{name}.jpg", data)
        plain = decoded(data, "RGB")
        keep(f"rgb-{name}.jpg", in_srgb(plain, icc) if icc else plain)
    for name, icc in [("p3", P3), ("adobe", ADOBE)]:
        write(f"rgb-{name}.png", encoded(rgb, "PNG", icc_profile=icc, optimize=True))
        keep(f"rgb-{name}.png", in_srgb(rgb, icc))
        write(f"rgb-{name}.webp", encoded(rgb, "WEBP", lossless=True, icc_profile=icc))
        keep(f"rgb-{name}.webp", in_srgb(rgb, icc))
        data = encoded(rgb, "AVIF", quality=95, subsampling="4:4:4", icc_profile=icc)
        write(f"rgb-{name}.avif", data)
        keep(f"rgb-{name}.avif", in_srgb(by_libavif(data), icc))

    for name, icc in [("gamma", GREY), ("curve", GREY_CURVE), ("rgb", ADOBE)]:
        as_grey = lambda image: in_srgb(image.convert("RGB") if icc is ADOBE else image, icc)
        write(f"grey-{name}.png", encoded(grey, "PNG", icc_profile=icc, optimize=True))
        keep(f"grey-{name}.png", as_grey(grey))
        data = encoded(grey, "JPEG", quality=97, icc_profile=icc)
        write(f"grey-{name}.jpg", data)
        keep(f"grey-{name}.jpg", as_grey(decoded(data, "L")))

    for name, icc in [("none", None), ("press8", PRESS_8), ("press16", PRESS_16)]:
        options = {"icc_profile": icc} if icc else {}
        data = encoded(inks, "JPEG", **jpeg, **options)
        write(f"cmyk-{name}.jpg", data)
        plain = decoded(data, "CMYK")
        if icc:
            keep(f"cmyk-{name}.jpg", in_srgb(plain, icc))
        else:
            left = 255 - np.asarray(plain).astype(float)
            colours = left[:, :, :3] * left[:, :, 3:] / 255
            keep(f"cmyk-{name}.jpg", Image.fromarray(colours.round().astype(np.uint8)))

    # Profiles that cannot be used: the pixels are taken as sRGB.
    for name, icc in [("cut", P3[: len(P3) // 2]), ("noise", bytes(range(256)) * 3), ("inks", PRESS_8)]:
        data = encoded(rgb, "JPEG", **jpeg, icc_profile=icc)
        write(f"broken-{name}.jpg", data)
        keep(f"broken-{name}.jpg", decoded(data, "RGB"))
    png = encoded(rgb, "PNG", optimize=True)

    # What a PNG can say without a profile.
    gamma = lambda exponent: struct.pack(">I", round(exponent * 100000))
    chromaticities = lambda points: b"".join(gamma(value) for point in [D65, *points] for value in point)
    linear = rgb_profile(REC709, tag_gamma(1.0))
    write("png-gamma.png", with_chunk(png, b"gAMA", gamma(1.0)))
    keep("png-gamma.png", in_srgb(rgb, linear))
    write("png-srgb-gamma.png", with_chunk(png, b"gAMA", gamma(0.45455)))
    keep("png-srgb-gamma.png", rgb)
    both = with_chunk(with_chunk(png, b"gAMA", gamma(1 / 2.2)), b"cHRM", chromaticities(ADOBE_PRIMARIES))
    write("png-chromaticities.png", both)
    keep("png-chromaticities.png", in_srgb(rgb, rgb_profile(ADOBE_PRIMARIES, tag_gamma(2.2))))
    write("png-cicp.png", with_chunk(both, b"cICP", bytes([12, 13, 0, 1])))
    keep("png-cicp.png", in_srgb(rgb, P3))
    deep = patches(3, 1).astype(np.uint16) * 257
    write("png-16.png", with_chunk(png_16(deep), b"cICP", bytes([9, 13, 0, 1])))
    keep("png-16.png", in_srgb(rgb, WIDE))

    # What an AVIF can say without one.
    for name, numbers, icc in [("p3", "12/13/1", P3), ("bt2020", "9/13/9", WIDE)]:
        data = by_avifenc(rgb, "-y", "444", "--cicp", numbers, "--min", "0", "--max", "6")
        write(f"nclx-{name}.avif", data)
        keep(f"nclx-{name}.avif", in_srgb(by_libavif(data), icc))


def png_16(samples):
    """A PNG of 16 bits, which Pillow does not write."""
    height, width, _ = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def by_avifenc(image, *options):
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/a.png", f"{folder}/a.avif"
        image.save(source)
        command = ["avifenc", "-s", "6", *options, source, target]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return pathlib.Path(target).read_bytes()


def by_libavif(data):
    """The pixels as they are stored, neither turned nor cut nor with other colours."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/a.avif", f"{folder}/a.png"
        pathlib.Path(source).write_bytes(data)
        command = ["avifdec", "-d", "8", "-u", "bilinear", source, target]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        image = Image.open(target)
        image.load()
        image.info.pop("icc_profile", None)
        return image


def make_avif():
    AVIF.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:45, 0:61]
    samples = np.stack([x * 4, y * 5, 255 - (x + y) * 2, 255 - np.abs(x - 30) * 8], -1)
    samples = np.clip(samples, 0, 255).astype(np.uint8)
    rgba = Image.fromarray(samples)
    rgb = rgba.convert("RGB")
    # `irot` and `imir` need a picture that looks different from every side; `grid` needs one of even tiles.
    tiles = Image.fromarray(np.stack([np.mgrid[0:128, 0:128][0] * 2] * 2 + [np.mgrid[0:128, 0:128][1] * 2], -1).astype(np.uint8))
    fine = ["--min", "4", "--max", "12"]
    for name, image, options in [
        ("420", rgb, ["-y", "420"]),
        ("422", rgb, ["-y", "422"]),
        ("444", rgb, ["-y", "444"]),
        ("400", rgb.convert("L"), ["-y", "400"]),
        ("limited", rgb, ["-y", "420", "-r", "limited"]),
        ("bt709", rgb, ["-y", "444", "--cicp", "1/13/1"]),
        ("bt2020", rgb, ["-y", "444", "--cicp", "1/13/9"]),
        ("ycgco", rgb, ["-y", "444", "--cicp", "1/13/8"]),
        ("10-bit", rgb, ["-y", "420", "-d", "10"]),
        ("12-bit", rgb, ["-y", "444", "-d", "12", "-r", "limited"]),
        ("alpha", rgba, ["-y", "420"]),
        ("premultiplied", rgba, ["-y", "444", "-p"]),
        ("alpha-10-bit", rgba, ["-y", "444", "-d", "10"]),
        ("grid", tiles, ["-y", "420", "-g", "2x2"]),
        ("crop", rgb, ["-y", "444", "--crop", "10,4,32,20"]),
    ]:
        data = by_avifenc(image, *options, *fine)
        (AVIF / f"{name}.avif").write_bytes(data)
        stored = by_libavif(data)
        if name == "crop":
            stored = stored.crop((10, 4, 42, 24))
        stored.save(AVIF / f"{name}.avif.expected.png", optimize=True)
    lossless = by_avifenc(rgb, "-l")
    (AVIF / "lossless.avif").write_bytes(lossless)
    rgb.save(AVIF / "lossless.avif.expected.png", optimize=True)
    # Turned by what stands in the name: `irot`, `imir`.
    for quarters in range(4):
        for mirrored in ["", "0", "1"]:
            options = ["--irot", str(quarters)] if quarters else []
            options += ["--imir", mirrored] if mirrored else []
            if options:
                name = f"turned-{quarters}-{mirrored or 'none'}.avif"
                (AVIF / name).write_bytes(by_avifenc(rgb.resize((12, 8)), "-y", "444", *options, *fine))


make_colours()
make_avif()
