#!/usr/bin/env python3
"""Makes the originals and the expected results that `images/tests/references.rs` holds thumbnails against.

The results are Pillow's, so that they are right or wrong for other reasons than ours. They are part of the
repository; run this after a new case is added below and in the test:

    pip install pillow==13.0.0
    tests/pictures/references.py
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

FOLDER = Path(__file__).resolve().parents[2] / "images" / "tests" / "references"
LANCZOS, BICUBIC = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC
TURN = Image.Transpose


def photo():
    """Something of everything, and alike nowhere: smooth ground, edges, thin lines, grain."""
    width, height = 240, 160
    picture = Image.new("RGB", (width, height))
    grain = 1
    for y in range(height):
        for x in range(width):
            grain = (grain * 1103515245 + 12345) % 2**31
            noise = (grain >> 16) % 13 - 6
            sky = (60 + x * 0.5, 90 + y * 0.7, 200 - y * 0.6 - x * 0.1)
            picture.putpixel((x, y), tuple(max(0, min(255, round(v + noise))) for v in sky))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((12, 10, 62, 60), fill=(250, 215, 60))
    draw.polygon(((90, 150), (150, 40), (230, 150)), fill=(40, 110, 50))
    draw.rectangle((20, 90, 75, 150), fill=(180, 50, 40))
    draw.polygon(((15, 92), (48, 66), (80, 92)), fill=(90, 30, 30))
    draw.rectangle((30, 105, 42, 120), fill=(240, 240, 220))
    for at in range(0, 40, 4):
        draw.line((170 + at, 8, 200 + at // 2, 34), fill=(20, 20, 30))
    draw.rectangle((222, 120, 239, 139), fill=(10, 10, 200))
    return picture


def glass():
    """A disc whose edge is soft, over nothing, and over a colour that nobody sees."""
    side = 120
    picture = Image.new("RGBA", (side, side), (0, 255, 0, 0))
    for y in range(side):
        for x in range(side):
            far = math.hypot(x - 52, y - 60)
            if far < 48:
                alpha = max(0, min(255, round((48 - far) * 16)))
                picture.putpixel((x, y), (220, 40 + x, 30 + y, alpha))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((84, 12, 112, 40), fill=(30, 30, 220, 128))
    return picture


def within(picture, box, size, filter=LANCZOS):
    """What a box has, resized: pixels beside it are looked at, as they are where all is resized and then cut."""
    return picture.resize(size, filter, box)


def cover(picture, size, point):
    """Cut around a point, as near to it as the picture reaches."""
    scale = max(size[0] / picture.width, size[1] / picture.height)
    width, height = size[0] / scale, size[1] / scale
    left = min(max(point[0] * picture.width - width / 2, 0), picture.width - width)
    top = min(max(point[1] * picture.height - height / 2, 0), picture.height - height)
    return within(picture, (left, top, left + width, top + height), size)


def over(picture, colour):
    ground = Image.new("RGBA", picture.size, colour)
    return Image.alpha_composite(ground, picture).convert("RGB")


def each(picture, change):
    return picture.point([max(0, min(255, round(change(v)))) for v in range(256)] * 3)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.*"):
        old.unlink()
    p, g = photo(), glass()
    p.save(FOLDER / "original-photo.png", optimize=True)
    g.save(FOLDER / "original-glass.png", optimize=True)
    # Stored so that it is upright once it is turned.
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = p.transpose(TURN.ROTATE_90)
    lying.save(FOLDER / "original-lying.jpg", quality=95, subsampling=0, exif=exif)
    lying = ImageOps.exif_transpose(Image.open(FOLDER / "original-lying.jpg"))
    assert lying.size == p.size
    moving = [p.quantize(64), p.transpose(TURN.FLIP_LEFT_RIGHT).quantize(64)]
    moving[0].save(
        FOLDER / "original-moving.gif", save_all=True, append_images=moving[1:], duration=[70, 200], loop=0
    )
    first = Image.open(FOLDER / "original-moving.gif").convert("RGB")
    trimmed = p.crop((40, 10, 220, 130))

    results = {
        "scale-down": p.resize((120, 80), LANCZOS),
        "scale-down-odd": p.resize((100, 67), LANCZOS),
        "scale-down-height": p.resize((75, 50), LANCZOS),
        "scale-down-larger": p,
        "contain-larger": p.resize((330, 220), BICUBIC),
        "cover": cover(p, (90, 90), (0.5, 0.5)),
        "cover-left": cover(p, (90, 90), (0, 0.5)),
        "cover-right": cover(p, (90, 90), (1, 0.5)),
        "cover-top": cover(p, (150, 50), (0.5, 0)),
        "cover-bottom": cover(p, (150, 50), (0.5, 1)),
        "cover-point": cover(p, (60, 90), (0.7, 0.3)),
        "crop-smaller": p.crop((40, 0, 200, 160)),
        "crop-larger": cover(p, (80, 100), (0.5, 0.5)),
        "pad": ImageOps.pad(p, (110, 110), LANCZOS, color=(51, 102, 153)),
        "pad-bottom": ImageOps.pad(p, (110, 110), LANCZOS, color=(255, 255, 255), centering=(0.5, 1)),
        "trim": trimmed,
        "trim-scale-down": trimmed.resize((90, 60), LANCZOS),
        "rotate-90": p.transpose(TURN.ROTATE_270),
        "rotate-180": p.transpose(TURN.ROTATE_180),
        "rotate-270": p.transpose(TURN.ROTATE_90),
        "flip-h": p.transpose(TURN.FLIP_LEFT_RIGHT),
        "flip-v": p.transpose(TURN.FLIP_TOP_BOTTOM),
        "rotate-90-flip-h": p.transpose(TURN.ROTATE_270).transpose(TURN.FLIP_LEFT_RIGHT),
        "all-turns": cover(
            trimmed.transpose(TURN.ROTATE_270).transpose(TURN.FLIP_TOP_BOTTOM), (50, 40), (0.5, 0)
        ),
        "lying": lying,
        "lying-cover-left": cover(lying, (80, 120), (0, 0.5)),
        "lying-trim": lying.crop((0, 20, 190, 130)).resize((95, 55), LANCZOS),
        "brightness": ImageEnhance.Brightness(p.resize((120, 80), LANCZOS)).enhance(1.4),
        "contrast": each(p.resize((120, 80), LANCZOS), lambda v: (v - 127.5) * 0.5 + 127.5),
        "gamma": each(p.resize((120, 80), LANCZOS), lambda v: 255 * (v / 255) ** (1 / 2)),
        "blur": p.filter(ImageFilter.GaussianBlur(4)),
        "blur-far": p.filter(ImageFilter.GaussianBlur(20)),
        "sharpen": p.resize((120, 80), LANCZOS).filter(ImageFilter.UnsharpMask(1, 150, 0)),
        "glass": g.resize((60, 60), LANCZOS),
        "glass-background": over(g, (240, 200, 20, 255)).resize((60, 60), LANCZOS),
        "glass-jpeg": over(g, (255, 255, 255, 255)),
        "glass-pad": ImageOps.pad(g, (160, 120), LANCZOS, color=(0, 0, 0, 0)),
        "moving-first": first,
    }
    for name, picture in results.items():
        picture.save(FOLDER / f"{name}.png", optimize=True)
    size = sum(file.stat().st_size for file in FOLDER.glob("*.*"))
    print(f"{len(results)} results, {size} bytes in all")


if __name__ == "__main__":
    main()
